/**
 * Containers and systemd: as units, in login sessions and after them, without any, and of root.
 */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'units.sh', user: 'alice', on: 'container' });
testInMachine({ script: 'logins.sh', user: 'root', on: 'container' });
testInMachine({ script: 'root.sh', user: 'root', on: 'container' });
testInMachine({ script: 'root-units.sh', user: 'root', on: 'container' });
