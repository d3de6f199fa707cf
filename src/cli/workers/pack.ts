/** A configuration with its files as it goes to another process: keys are no plain data. */
import { createPrivateKey, createSecretKey, KeyObject } from 'node:crypto';
import type { Running } from '../reload.ts';

/** In place of a key. */
interface PackedKey {
  readonly packedKey: 'private' | 'secret';
  readonly octets: Uint8Array;
}

/** @throws Error where something in it cannot be had back as it is. */
export function pack({ config, files, effective }: Running): unknown {
  // Only the primary has these, and what is not there cannot be told by mistake.
  return packed({ config, files: { ...files, apiKeys: [], webhooks: [] }, effective });
}

export function unpack(running: unknown): Running {
  return unpacked(running) as Running;
}

function packed(value: unknown): unknown {
  if (value instanceof KeyObject) return packKey(value);
  if (Array.isArray(value)) return value.map(packed);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, packed(item)]));
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (!isRecord(value)) return value;
  if (isPackedKey(value)) return unpackKey(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]));
}

/** Whether it is plain: made by a literal, or by whoever read the message. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function packKey(key: KeyObject): PackedKey {
  if (key.type === 'public') throw new Error('a public key is no part of a configuration');
  const octets = key.type === 'secret' ? key.export() : key.export({ format: 'der', type: 'pkcs8' });
  return { packedKey: key.type, octets };
}

function isPackedKey(value: object): value is PackedKey {
  return 'packedKey' in value && 'octets' in value && value.octets instanceof Uint8Array;
}

function unpackKey({ packedKey, octets }: PackedKey): KeyObject {
  const key = Buffer.from(octets);
  return packedKey === 'secret'
    ? createSecretKey(key)
    : createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
