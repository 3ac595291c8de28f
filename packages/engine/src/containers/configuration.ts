/** What the machine's and the user's containers.conf say of new containers. */
export { loadContainersConfig, type ContainersConfig } from '@berth/transport';
