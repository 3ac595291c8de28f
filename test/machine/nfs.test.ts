/** A home on NFS, served and mounted by the emulated machine itself. */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'nfs.sh', user: 'root', on: 'emulated' });
