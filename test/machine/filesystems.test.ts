/** Copies on Debian's kernel, where overlay refers to less. */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'filesystems.sh', user: 'root', on: 'emulated' });
