/** The policy list of the scenes: signed, and handed to the relay as an operator would. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Waxwing } from '../waxwing.ts';
import { askControl } from './control.ts';
import type { LayerName } from './row.ts';
import { hostOf, type Scene } from './scene.ts';

const listed: Readonly<Partial<Record<LayerName, { readonly mode: string; readonly names: boolean }>>> = {
  list: { mode: 'enforce', names: true },
  'list testing': { mode: 'testing', names: true },
  'list without host': { mode: 'enforce', names: false },
};

/** The hosts of domains that the lab has. */
const hostsOfLab: ReadonlyMap<string, string> = new Map([['dane-host-unsigned.test', '.unsigned.test']]);

/** Who signs the list, by the form that docs/policy.md tells, with no code of ours. */
export interface ListAuthor {
  /** As `list.keys` has it. */
  readonly key: string;
  readonly private: KeyObject;
}

export function newListAuthor(): ListAuthor {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const octets = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key: octets.toString('base64'), private: privateKey };
}

/** @throws where the relay does not take it. */
export async function importList(
  waxwing: Waxwing,
  author: ListAuthor,
  scenes: readonly Scene[],
): Promise<void> {
  const policies = scenes.flatMap((scene) => {
    const says = listed[scene.row.layer];
    if (says === undefined) return [];
    const host = says.names ? (hostsOfLab.get(scene.domain) ?? hostOf(scene)) : `other.${scene.domain}`;
    return [[scene.domain, { mode: says.mode, mxs: [host] }] as const];
  });
  const now = Date.now();
  const list = Buffer.from(
    JSON.stringify({
      timestamp: new Date(now).toISOString(),
      expires: new Date(now + 3_600_000).toISOString(),
      version: '0.1',
      policies: Object.fromEntries(policies),
    }),
  );
  const id = createHash('sha256').update(Buffer.from(author.key, 'base64')).digest('hex').slice(0, 16);
  const made = sign(null, Buffer.concat([Buffer.from('waxwing policy list 1\n'), list]), author.private);
  const signature = Buffer.from(`waxwing-list-1 ${id} ${made.toString('base64')}\n`);
  const answer = await askControl(waxwing, 'POST', '/list', {
    list: list.toString('base64'),
    signature: signature.toString('base64'),
  });
  if (!answer.includes('"outcome":"accepted"')) throw new Error(`the list was not taken: ${answer}`);
}
