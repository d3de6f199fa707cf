/** Who is who in a row: a domain of its own, so that no row can stand in the way of another. */
import type { LayerName, Row } from './row.ts';

/** A row that is going to be played. */
export interface Scene {
  readonly row: Row;
  readonly domain: string;
  readonly recipient: string;
  readonly sender: string;
}

/** The name that certificates for another name have. */
export const OTHER_HOST = 'other.scene.test';
/** Below it are the domains that rows are made of. */
const APEX = 'scene.test';

/** The label between a row and the apex, by which a `[[route]]` knows its rows. */
const suffixes: Readonly<Partial<Record<LayerName, string>>> = {
  'route encrypt': `route-encrypt.${APEX}`,
  'route authenticate': `route-authenticate.${APEX}`,
};

/** Of the routes that rows are about. */
export const sceneRoutes: readonly { readonly match: string; readonly tls: string }[] = [
  { match: `.${suffixes['route encrypt']}`, tls: 'encrypt' },
  { match: `.${suffixes['route authenticate']}`, tls: 'authenticate' },
];

/** What becomes of blocked mail is a `[[rule]]` about the sender's domain; the others have the default. */
const SENDERS = { hold: 'sender.test', bounce: 'bounce.sender.test', drop: 'drop.sender.test' } as const;

export const senderRules: readonly { readonly from: string; readonly on_blocked: string }[] = [
  { from: SENDERS.bounce, on_blocked: 'bounce' },
  { from: SENDERS.drop, on_blocked: 'drop' },
];

/** @param prefix so that rows at the same domain of the lab have mailboxes of their own. */
export function scenesOf(rows: readonly Row[], prefix: string): readonly Scene[] {
  return rows.map((row, index) => {
    const name = `${prefix}${index + 1}`;
    const domain = row.labDomain ?? `${name}.${suffixes[row.layer] ?? APEX}`;
    return { row, domain, recipient: `${name}@${domain}`, sender: `${name}@${SENDERS[row.onBlocked]}` };
  });
}

/** The MX host of a domain that was made for a row. */
export function hostOf({ domain }: Pick<Scene, 'domain'>): string {
  return `mx.${domain}`;
}
