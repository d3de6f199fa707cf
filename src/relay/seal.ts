/** Seals forwarded mail with ARC (RFC 8617): what was found out about it here goes on with it. */
import {
  arcResults,
  type Chain,
  MOST_SETS,
  noChain,
  readChain,
  unsignedMessage,
  unsignedSeal,
} from '../mail/arc.ts';
import { type AuthenticationResult, formatResults } from '../mail/authentication-results.ts';
import { signedField, signedHeader } from '../mail/dkim.ts';
import type { DkimKey } from './dkim-key.ts';
import type { Forwarding } from './forward.ts';
import { hashOfBody, readHeaderOf, valueOf } from './sign.ts';
import type { IncomingMessage, Treatment } from './treatment.ts';

/** Signed besides what DKIM signs: that of the author is what there is to vouch for. */
const MORE = ['dkim-signature'];

/**
 * The step that seals the copies that go to other domains; undefined where nobody knows who mail is from, or there is no
 * key of the domain that forwards.
 *
 * @param authservId who found out what is sealed.
 */
export function sealing(
  keys: readonly DkimKey[],
  forwarding: Forwarding | null,
  authservId: string | undefined,
  onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void,
): Treatment | undefined {
  const own = keys.filter(({ domain }) => domain === forwarding?.srs.domain);
  // RFC 8617 §4.1.3 knows rsa-sha256; not every verifier has learnt Ed25519.
  const key = own.find(({ algorithm }) => algorithm === 'rsa-sha256') ?? own[0];
  if (key === undefined || authservId === undefined) return undefined;
  return (message, before) => {
    const { authentication, copies } = before;
    if (authentication === null || copies.length === 0) return before;
    return seal(message, authentication, key, authservId).then((set) => {
      if (set.kind === 'sealed')
        return { ...before, copies: copies.map((copy) => ({ ...copy, front: set.fields + copy.front })) };
      onOddity(`the forwarded message is not sealed: ${set.because}`, { id: message.id });
      return before;
    });
  };
}

type Sealed =
  | { readonly kind: 'sealed'; readonly fields: string }
  | { readonly kind: 'not'; readonly because: string };

async function seal(
  { content, submitter, at }: IncomingMessage,
  results: AuthenticationResult,
  key: DkimKey,
  authservId: string,
): Promise<Sealed> {
  const { head, section } = await readHeaderOf(content);
  const chain = chainToFollow(results, (instance) => readChain(head, section, instance));
  if (typeof chain === 'string') return { kind: 'not', because: chain };
  const header = signedHeader(head, section, MORE);
  if (header.kind === 'unfit') return { kind: 'not', because: header.because };
  const bodyHash = await hashOfBody(content, section.bodyStart);
  const client = submitter.anonymous === true ? null : submitter.address;
  const aar = arcResults(chain, formatResults(authservId, results, client));
  const unsigned = unsignedMessage(key, chain, header, bodyHash, at);
  const message = signedField(unsigned, await valueOf(key, Buffer.from(unsigned.data, 'latin1')));
  const open = unsignedSeal(key, chain, { results: aar, message }, at);
  const closed = signedField(open, await valueOf(key, Buffer.from(open.data, 'latin1')));
  return { kind: 'sealed', fields: closed + message + aar };
}

/** RFC 8617 §5.1.2: a chain that is broken is broken for good, and nothing that follows would count. */
function chainToFollow(
  { arc }: AuthenticationResult,
  read: (instance: number) => Chain | undefined,
): Chain | string {
  if (arc.result === 'none') return noChain;
  if (arc.result === 'fail') return 'its ARC chain is broken';
  if (arc.instance >= MOST_SETS) return `its ARC chain has ${MOST_SETS} sets`;
  return read(arc.instance) ?? 'its ARC chain cannot be read';
}
