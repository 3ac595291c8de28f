/** Fills in a parsed template. */
import { callFunction } from './functions.ts';
import type { Node, Operand, ParsedTemplate, Pipeline } from './nodes.ts';
import { fillError } from './template-error.ts';
import { elementsOf, fieldOf, formatValue, isTrue } from './values.ts';

const MAX_DEPTH = 100;
const MAX_STEPS = 10_000_000;

/**
 * The text of the template, filled in with the value; each text taken from the value first goes
 * through `show`. Throws UsageError.
 */
export function evaluate(
  template: ParsedTemplate,
  value: unknown,
  show: (text: string) => string,
): string {
  const run = new Run(template, show);
  run.nodes(template.body, { dot: value, variables: new Map([['$', value]]), depth: 0 });
  return run.text.join('');
}

interface Scope {
  dot: unknown;
  variables: Map<string, unknown>;
  depth: number;
}

type Signal = 'break' | 'continue' | undefined;

class Run {
  readonly text: string[] = [];
  private readonly template: ParsedTemplate;
  private readonly show: (text: string) => string;
  private steps = 0;

  constructor(template: ParsedTemplate, show: (text: string) => string) {
    this.template = template;
    this.show = show;
  }

  nodes(nodes: readonly Node[], scope: Scope): Signal {
    for (const node of nodes) {
      const signal = this.node(node, scope);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  private node(node: Node, scope: Scope): Signal {
    if (++this.steps > MAX_STEPS) throw fillError('it does not come to an end');
    switch (node.kind) {
      case 'text':
        this.text.push(node.text);
        return undefined;
      case 'print':
        this.print(node.pipeline, scope);
        return undefined;
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.call(node, scope);
        return undefined;
      case 'range':
        return this.range(node, scope);
      default:
        return this.branch(node, scope);
    }
  }

  private print(pipeline: Pipeline, scope: Scope): void {
    const value = this.pipeline(pipeline, scope);
    if (pipeline.assigns === undefined) this.text.push(this.show(formatValue(value)));
  }

  private call({ name, pipeline }: Extract<Node, { kind: 'template' }>, scope: Scope): void {
    const body = this.template.defined.get(name);
    if (body === undefined) throw fillError(`no such template as "${name}"`);
    if (scope.depth >= MAX_DEPTH) throw fillError(`template "${name}" calls itself without end`);
    const dot = pipeline === undefined ? undefined : this.pipeline(pipeline, scope);
    this.nodes(body, { dot, variables: new Map([['$', dot]]), depth: scope.depth + 1 });
  }

  private branch(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, scope: Scope): Signal {
    const inner = { ...scope, variables: new Map(scope.variables) };
    const value = this.pipeline(node.pipeline, inner);
    const taken = isTrue(value) ? node.body : node.otherwise;
    const dot = node.kind === 'with' && isTrue(value) ? value : scope.dot;
    const signal = this.nodes(taken, { ...inner, dot });
    keepAssigned(scope, inner, node.pipeline);
    return signal;
  }

  private range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, scope: Scope): Signal {
    const { assigns, commands } = node.pipeline;
    const elements = elementsOf(this.pipeline({ commands, assigns: undefined }, scope));
    for (const [key, element] of elements) {
      const inner = { ...scope, dot: element, variables: new Map(scope.variables) };
      const names = assigns?.names ?? [];
      const values = names.length > 1 ? [key, element] : [element];
      names.forEach((name, index) => inner.variables.set(name, values[index]));
      const signal = this.nodes(node.body, inner);
      keepAssigned(scope, inner, node.pipeline);
      if (signal === 'break') break;
    }
    return elements.length === 0 ? this.nodes(node.otherwise, scope) : undefined;
  }

  private pipeline({ commands, assigns }: Pipeline, scope: Scope): unknown {
    let value: unknown;
    commands.forEach((operands, index) => {
      value = this.command(operands, scope, index === 0 ? [] : [value]);
    });
    if (assigns !== undefined) {
      const [name = ''] = assigns.names;
      if (!assigns.declares && !scope.variables.has(name)) throw unknownVariable(name);
      scope.variables.set(name, value);
    }
    return value;
  }

  private command([first, ...rest]: readonly Operand[], scope: Scope, piped: unknown[]): unknown {
    if (first === undefined) return undefined;
    const args = [...rest.map((operand) => this.operand(operand, scope)), ...piped];
    if (first.kind === 'function') return callFunction(first.name, args);
    if (first.kind === 'field') return this.field(first, scope, args);
    if (args.length > 0) throw fillError('a value that is no function has arguments');
    return this.operand(first, scope);
  }

  private operand(operand: Operand, scope: Scope): unknown {
    switch (operand.kind) {
      case 'dot':
        return scope.dot;
      case 'constant':
        return operand.value;
      case 'variable':
        if (!scope.variables.has(operand.name)) throw unknownVariable(operand.name);
        return scope.variables.get(operand.name);
      case 'function':
        return callFunction(operand.name, []);
      case 'pipeline':
        return this.pipeline(operand.pipeline, scope);
      case 'field':
        return this.field(operand, scope);
    }
  }

  /** A field whose value is a function is a method: it is called when the field is read. */
  private field(
    { of, name }: Extract<Operand, { kind: 'field' }>,
    scope: Scope,
    args: readonly unknown[] = [],
  ): unknown {
    const value = fieldOf(this.operand(of, scope), name);
    if (typeof value === 'function') return (value as (...args: unknown[]) => unknown)(...args);
    if (args.length > 0) throw fillError(`.${name} has arguments but takes none`);
    return value;
  }
}

/** `=` inside a block changes the variable outside; a variable made by `:=` ends with the block. */
function keepAssigned(outer: Scope, inner: Scope, { assigns }: Pipeline): void {
  const declared = assigns?.declares === true ? assigns.names : [];
  for (const name of outer.variables.keys()) {
    if (!declared.includes(name)) outer.variables.set(name, inner.variables.get(name));
  }
}

function unknownVariable(name: string): Error {
  return fillError(`no such variable as ${name}`);
}
