/**
 * Limits as the kernel keeps them, for users and for root, ports below 1024 for root, and the root
 * file system on Debian's kernel, in the emulated machine.
 */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'limits.sh', user: 'alice', on: 'emulated' });
testInMachine({ script: 'root-limits.sh', user: 'root', on: 'emulated' });
