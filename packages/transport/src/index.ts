/** Images from elsewhere: registries, layouts and archives, each as an image source. */
export type { SpoolOptions } from './archive-spool.ts';
export type { Decompressors } from './compression.ts';
export type { ContainersConfig, ContainersConfigPlaces } from './containers-config.ts';
export {
  CONTAINERS_CONFIG_VARIABLES, containersConfigPaths, loadContainersConfig,
} from './containers-config.ts';
export type { Credentials } from './credential-record.ts';
export { parseCreds } from './credential-record.ts';
export type { CredentialSources } from './credentials.ts';
export { loadCredentials } from './credentials.ts';
export { isForeignCompression, undoForeignCompression } from './foreign-compression.ts';
export type { ArchiveImage } from './image-layout.ts';
export { directorySink } from './directory-sink.ts';
export type { ArchiveOutput } from './docker-archive-sink.ts';
export { dockerArchiveOutput } from './docker-archive-sink.ts';
export { layoutArchiveOutput, layoutFolderOutput } from './layout-sink.ts';
export type { LoginRequest } from './login.ts';
export { checkLogin, login, logout, logoutAll } from './login.ts';
export type { Candidate } from './name-resolution.ts';
export { resolveName } from './name-resolution.ts';
export type { ArchiveFormat, ArchiveOptions, ImageArchive } from './open-archive.ts';
export { openArchive } from './open-archive.ts';
export type { RegistriesConfig, RegistriesPlaces } from './registries-config.ts';
export { loadRegistriesConfig } from './registries-config.ts';
export type { RegistryClient, RegistryOptions } from './registry-client.ts';
export { createRegistryClient } from './registry-client.ts';
export type { MirrorRule, RegistryRule } from './registry-rule.ts';
export type { RegistrySourceOptions } from './registry-source.ts';
export { currentDigest, listTags, registrySource } from './registry-source.ts';
export type { RegistrySinkOptions } from './registry-sink.ts';
export { registrySink } from './registry-sink.ts';
export type { RetryNotice, RetryPolicy } from './retry.ts';
export { DEFAULT_RETRY } from './retry.ts';
export type { ImageOrigin, SignaturePolicy } from './signature-policy.ts';
export { loadSignaturePolicy, requireAllowed } from './signature-policy.ts';
export { TarOutput } from './tar-output.ts';
export type { WebFile } from './web-file.ts';
export { fetchFile } from './web-file.ts';
