/**
 * File systems as they are elsewhere: copies on Debian's kernel, where overlay refers to less, a
 * home with a quota, and a folder that two users share, without the kernel's own protection.
 */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'filesystems.sh', user: 'root', on: 'emulated' });
testInMachine({ script: 'quota.sh', user: 'root', on: 'emulated' });
testInMachine({ script: 'planted.sh', user: 'root', on: 'emulated' });
