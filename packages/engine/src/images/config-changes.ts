/** `--change`: Dockerfile instructions that set an image's config. */
import { UsageError } from '@berth/errors';

type Config = Record<string, unknown>;
type Instruction = (config: Config, value: string) => void;

const INSTRUCTIONS: Record<string, Instruction> = {
  CMD: (config, value) => (config['Cmd'] = wordsOf(value)),
  ENTRYPOINT: (config, value) => (config['Entrypoint'] = wordsOf(value)),
  ENV: (config, value) => pairsOf(value).forEach(([name, text]) => setVariable(config, name, text)),
  EXPOSE: (config, value) => keys(config, 'ExposedPorts', value.split(/\s+/).map(withProtocol)),
  LABEL: (config, value) =>
    (config['Labels'] = { ...(config['Labels'] as object), ...Object.fromEntries(pairsOf(value)) }),
  ONBUILD: (config, value) => append(config, 'OnBuild', [value]),
  STOPSIGNAL: (config, value) => (config['StopSignal'] = value),
  USER: (config, value) => (config['User'] = value),
  VOLUME: (config, value) => keys(config, 'Volumes', listOf(value)),
  WORKDIR: (config, value) => (config['WorkingDir'] = value),
};

/** An image's `config` object with these changes made. Throws UsageError for unknown ones. */
export function applyChanges(changes: readonly string[], base: Readonly<Config> = {}): Config {
  const config: Config = { ...base };
  for (const change of changes) {
    const [, word = '', value = ''] = /^\s*([A-Za-z]+)(?:\s+|=)(.*)$/s.exec(change) ?? [];
    const instruction = INSTRUCTIONS[word.toUpperCase()];
    if (instruction === undefined) {
      throw new UsageError(
        'BAD_CHANGE',
        `change the image's config by "${change}": not supported`,
        {
          hint: `instructions are ${Object.keys(INSTRUCTIONS).join(', ')}`,
        },
      );
    }
    instruction(config, value.trim());
  }
  return config;
}

/** The exec form is a JSON list; anything else is a command line for the shell. */
function wordsOf(value: string): string[] {
  return jsonList(value) ?? ['/bin/sh', '-c', value];
}

function listOf(value: string): string[] {
  return jsonList(value) ?? value.split(/\s+/);
}

function jsonList(value: string): string[] | undefined {
  if (!value.startsWith('[')) {
    return undefined;
  }
  try {
    const list = JSON.parse(value) as unknown;
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or the old form `A 1`. */
function pairsOf(value: string): [string, string][] {
  const pairs = [...value.matchAll(/([^\s=]+)=("[^"]*"|'[^']*'|\S*)/g)];
  if (pairs.length === 0) {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(value) ?? [];
    return name === '' ? [] : [[name, rest]];
  }
  return pairs.map(([, name = '', text = '']) => [name, text.replace(/^(["'])(.*)\1$/s, '$2')]);
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

function setVariable(config: Config, name: string, text: string): void {
  const known = (config['Env'] as string[] | undefined) ?? [];
  const others = known.filter((entry) => !entry.startsWith(`${name}=`));
  config['Env'] = [...others, `${name}=${text}`];
}

function append(config: Config, key: string, values: readonly string[]): void {
  config[key] = [...((config[key] as string[] | undefined) ?? []), ...values];
}

function keys(config: Config, key: string, names: readonly string[]): void {
  const known = (config[key] as object | undefined) ?? {};
  config[key] = { ...known, ...Object.fromEntries(names.map((name) => [name, {}])) };
}
