/**
 * Limits as the kernel keeps them, and the root file system on Debian's kernel, in the emulated
 * machine.
 */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'limits.sh', user: 'alice', on: 'emulated' });
