/** Texts that users write: containers.conf, and the files that flags name. */
export { loadContainersConfig, readBounded, type ContainersConfig } from '@berth/transport';
