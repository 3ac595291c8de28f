/**
 * Just enough of the D-Bus wire format to prepare method calls ahead of time: little-endian
 * marshalling with the alignment rules of the D-Bus specification, "Marshaling (Wire Format)".
 */

const METHOD_CALL = 1;
const FIELD = { path: 1, interface: 2, member: 3, destination: 6, signature: 8 } as const;

/** Collects marshalled values. Alignment counts from the start of this body. */
export class DbusBody {
  private bytes: number[] = [];

  get length(): number {
    return this.bytes.length;
  }

  align(boundary: number): this {
    while (this.bytes.length % boundary !== 0) {
      this.bytes.push(0);
    }
    return this;
  }

  byte(value: number): this {
    this.bytes.push(value & 0xff);
    return this;
  }

  uint32(value: number): this {
    this.align(4);
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32LE(value);
    this.bytes.push(...buffer);
    return this;
  }

  uint64(value: bigint): this {
    this.align(8);
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64LE(value);
    this.bytes.push(...buffer);
    return this;
  }

  boolean(value: boolean): this {
    return this.uint32(value ? 1 : 0);
  }

  string(value: string): this {
    const text = Buffer.from(value, 'utf8');
    this.uint32(text.length);
    this.bytes.push(...text, 0);
    return this;
  }

  signature(value: string): this {
    const text = Buffer.from(value, 'ascii');
    this.bytes.push(text.length, ...text, 0);
    return this;
  }

  /** An array whose elements have this alignment; its length excludes the first padding. */
  array(alignment: number, fill: (body: DbusBody) => void): this {
    this.uint32(0);
    const at = this.bytes.length - 4;
    this.align(alignment);
    const start = this.bytes.length;
    fill(this);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(this.bytes.length - start);
    this.bytes.splice(at, 4, ...size);
    return this;
  }

  buffer(): Buffer {
    return Buffer.from(this.bytes);
  }
}

/** A call of a method of the session bus. */
export interface MethodCall {
  serial: number;
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature: string;
  body: Buffer;
}

/** The whole message; `bodyOffset` is where the body begins in it. */
export function methodCall(call: MethodCall): { message: Buffer; bodyOffset: number } {
  const header = new DbusBody()
    .byte('l'.charCodeAt(0))
    .byte(METHOD_CALL)
    .byte(0)
    .byte(1)
    .uint32(call.body.length)
    .uint32(call.serial)
    .array(8, (fields) => {
      field(fields, FIELD.path, 'o').string(call.path);
      field(fields, FIELD.interface, 's').string(call.interface);
      field(fields, FIELD.member, 's').string(call.member);
      field(fields, FIELD.destination, 's').string(call.destination);
      if (call.signature !== '') {
        field(fields, FIELD.signature, 'g').signature(call.signature);
      }
    })
    .align(8);
  return { message: Buffer.concat([header.buffer(), call.body]), bodyOffset: header.length };
}

function field(fields: DbusBody, code: number, type: string): DbusBody {
  return fields.align(8).byte(code).signature(type);
}
