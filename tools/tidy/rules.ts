/**
 * The rules of the code base as data: who may import whom, which package owns which library, and
 * the limits on lengths. Changing a rule means changing this file, in a commit that says why.
 */

/** For each package of packages/, the packages of this repository that its sources may import. */
export const PACKAGE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  oci: ['errors'],
  host: ['errors'],
  transport: ['errors', 'oci'],
  layers: ['errors', 'oci', 'host'],
  storage: ['errors', 'oci', 'host'],
  bundle: ['errors', 'oci'],
  isolation: ['errors', 'oci', 'host'],
  network: ['errors', 'oci', 'host'],
  engine: [
    'errors', 'oci', 'host', 'transport', 'layers', 'storage', 'bundle', 'isolation', 'network',
  ],
  cli: ['errors', 'engine'],
  testing: ['errors', 'oci'],
};

/** Packages whose modules are imported one by one, so that a command loads only what it needs. */
export const PACKAGES_WITH_SUBPATHS: readonly string[] = ['engine'];

/** Every third-party library that product code uses, and the one package that may import it. */
export const LIBRARY_OWNERS: Readonly<Record<string, string>> = {
  clipanion: 'cli',
  koffi: 'host',
  'env-paths': 'host',
  tar: 'layers',
  fzstd: 'layers',
  'proper-lockfile': 'storage',
  'smol-toml': 'transport',
};

/** Folders outside packages/ whose files may be imported by path from another such folder. */
export const FOLDER_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  bench: ['test'],
};

/** Libraries that tests and tools may import besides those of the package under test. */
export const TEST_LIBRARIES: readonly string[] = ['fast-check', 'typescript', 'esbuild'];

/** The only package whose sources may use the built-in modules of the Bun runtime. */
export const BUN_PACKAGE = 'host';

/** The only package that may print or set the exit status of the process. */
export const PRINTING_PACKAGE = 'cli';

/** File names that say nothing about what is inside. */
export const BANNED_NAMES: readonly string[] = [
  'utils', 'util', 'helpers', 'helper', 'common', 'misc', 'types', 'constants', 'shared',
  'manager',
];

/** Limits on the size of things; a test file or a test's function may be longer. */
export const LIMITS = {
  columns: 100,
  fileLines: 300,
  functionLines: 60,
  testFileLines: 600,
  testFunctionLines: 120,
  parameters: 3,
  nesting: 3,
  nativeFileLines: 600,
  nativeFunctionLines: 70,
  nativeTotalLines: 16350,
} as const;
