/** Fakes for tests: a scripted registry, hostile archives. Never part of what is installed. */
export type { RegistryAccess } from './registry-access.ts';
export type { ContentDescriptor, ImageSpec, PutImage } from './registry-content.ts';
export { digestOf, RegistryContent } from './registry-content.ts';
export type { Fault, FaultRule } from './registry-faults.ts';
export { FaultScript } from './registry-faults.ts';
export type { RecordedRequest, RegistryServer, RegistryServerOptions } from './registry-server.ts';
export { startRegistryServer } from './registry-server.ts';
export type { Searching } from './searching.ts';
export { searching } from './searching.ts';
export { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';
export type { EntrySpec } from './tar-builder.ts';
export { archive, entryBytes, padded, paxBody } from './tar-builder.ts';
