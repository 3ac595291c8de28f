/** The defaults for new containers from the machine's and the user's containers.conf. */
export { loadContainersConfig, type ContainersConfig } from '@berth/transport';
