/**
 * Containers and systemd: as units, in login sessions and after them, and without any.
 */
import { testInMachine } from './machine.ts';

testInMachine({ script: 'units.sh', user: 'alice', on: 'container' });
testInMachine({ script: 'logins.sh', user: 'root', on: 'container' });
