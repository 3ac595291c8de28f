/**
 * The base of every command: a clipanion command whose arguments are read by its own flag table. A
 * table costs nothing to register, but registering ninety clipanion options takes longer than
 * starting a container. clipanion's Cli does not look for the command either: routes.ts has
 * already found it, and clipanion's state machine took a tenth of the time of `ps` to do so.
 */
import { Command } from 'clipanion';
import { openEngine, type Engine } from '@berth/engine';
import { UsageError } from '@berth/errors';
import type { CommandSpec } from './command-spec.ts';
import type { FlagTable, FlagValues } from './flags/flag.ts';
import { GLOBAL_FLAGS, type GlobalValues } from './flags/global-flags.ts';
import { parseFlags } from './flags/parse-flags.ts';
import { chooseLogLevel } from './output/errors.ts';
import { createReporter } from './output/progress.ts';
import { print } from './output/streams.ts';

/** A command line, parsed with the command's flag table. */
export interface Invocation<T extends FlagTable> {
  readonly flags: FlagValues<T>;
  readonly operands: readonly string[];
  /** Long names of the flags that were given, whatever their value. */
  readonly given: ReadonlySet<string>;
}

/** The command line of a command, without the words of its name. */
export interface CommandLine {
  readonly words: readonly string[];
  /** The flags before the command. */
  readonly globals: GlobalValues;
  /** Other ways to write the command. */
  readonly also: readonly string[];
}

/** A class of commands; each command line gets a new instance. */
export type CommandClass = new () => BerthCommand<FlagTable>;

/** Parses the arguments, then prints help or runs. */
export abstract class BerthCommand<T extends FlagTable> extends Command {
  /** Set by whoever runs the command. */
  line: CommandLine | undefined;
  abstract readonly spec: CommandSpec<T>;

  /** Does the work; answers the exit status, or nothing for 0. Throws EngineErrors. */
  protected abstract run(invocation: Invocation<T>): Promise<number | void>;

  async execute(): Promise<number> {
    const { spec } = this;
    const { stopsAtOperand = false } = spec;
    const command = spec.path.join(' ');
    const line = this.commandLine();
    const flags = { ...spec.flags, ...globalFlags(spec.flags) };
    const parsed = parseFlags(line.words, { flags, stopsAtOperand, command });
    this.line = { ...line, globals: { ...line.globals, ...givenGlobals(spec.flags, parsed) } };
    const level = this.line.globals['log-level'];
    if (level !== undefined) chooseLogLevel(level);
    if (parsed.help) {
      const { commandHelp } = await import('./help.ts');
      print(commandHelp(spec, line.also));
      return 0;
    }
    requireOperands(spec, parsed.operands);
    const { values, operands, given } = parsed;
    if (process.getuid?.() === 0 || process.env['BERTH_ROOT_CALLER'] !== undefined) {
      const { runAsRoot } = await import('./as-root.ts');
      runAsRoot(spec, values, this.line.globals);
    }
    return (await this.run({ flags: values, operands, given })) ?? 0;
  }

  private commandLine(): CommandLine {
    if (this.line === undefined) throw new Error('bug: a command runs without a command line');
    return this.line;
  }

  /**
   * The engine that the global flags choose. With `quiet` it reports warnings only; with
   * `onlyLooks` it makes no new store.
   */
  protected openEngine(
    { quiet = false, onlyLooks = false }: { quiet?: boolean; onlyLooks?: boolean } = {},
  ): Engine {
    const { globals } = this.commandLine();
    return openEngine({
      root: globals.root,
      runroot: globals.runroot,
      storageDriver: globals['storage-driver'],
      onlyLooks,
      report: createReporter({ quiet }),
    });
  }
}

/**
 * Global flags may also stand after the command's name; a flag of the command with the same name is
 * preferred.
 */
function globalFlags(own: FlagTable): FlagTable {
  const { version: _, ...globals } = GLOBAL_FLAGS;
  const free = Object.entries(globals).filter(([name]) => !Object.hasOwn(own, name));
  return Object.fromEntries(free);
}

/** The global flags that were given. */
function givenGlobals(
  own: FlagTable,
  { values, given }: { values: object; given: ReadonlySet<string> },
): Partial<GlobalValues> {
  const isGlobal = (name: string): boolean =>
    given.has(name) && Object.hasOwn(GLOBAL_FLAGS, name) && !Object.hasOwn(own, name);
  return Object.fromEntries(Object.entries(values).filter(([name]) => isGlobal(name)));
}

function requireOperands(spec: CommandSpec, operands: readonly string[]): void {
  const { least = 0, most = Infinity } = spec;
  const command = `berth ${spec.path.join(' ')}`;
  const hint = `see "${command} --help"`;
  if (operands.length < least) {
    const cause = `too few arguments for "${spec.operands}"`;
    throw new UsageError('MISSING_OPERAND', `run "${command}": ${cause}`, { hint });
  }
  const extra = operands[most];
  if (extra !== undefined) {
    const cause = `too many arguments: "${extra}"`;
    throw new UsageError('EXTRA_OPERAND', `run "${command}": ${cause}`, { hint });
  }
}
