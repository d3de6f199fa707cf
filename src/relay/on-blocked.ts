/** What becomes of mail that is blocked: whose word counts, and who gets one more attempt before it is given up. */
import { isInForce } from '../policies/overrides/release.ts';
import type { OnBlocked } from '../policies/overrides/rule.ts';
import { isExpired } from '../queue/schedule.ts';
import type { Claim } from '../store/queue-store.ts';
import { byCourse, type Course, type Parcel } from './parcel.ts';
import type { AttemptResult, RecipientResult } from './result.ts';
import type { Outgoing, QueueSettings, World } from './settings.ts';
import type { Holding } from './settle.ts';

type Group = Pick<Parcel, 'course' | 'recipients'>;

/** The message of a claim as far as it decides about its way. */
export function sortedFrom({ message, recipients }: Claim, world: World): Parameters<typeof byCourse>[0] {
  const { sender, terms, release: said } = message;
  const release = said !== null && isInForce(said, world.now()) ? said : null;
  return { sender, terms, recipients, release };
}

/**
 * Those whose mail would be given up for want of TLS: one more attempt, with nothing from memory, comes before that.
 *
 * RFC 8461 §5: mail "MUST NOT" fail for good before it was checked whether the policy has changed.
 */
export function endingFor(
  { message: { receivedAt } }: Claim,
  { course, recipients }: Group,
  { recipients: results }: AttemptResult,
  settings: QueueSettings,
  world: World,
): Group['recipients'] {
  if (!results.some(({ verdict }) => verdict.kind === 'blocked')) return [];
  const isOver = isExpired(world.now(), receivedAt, settings.schedule);
  const onBlocked = onBlockedOn(course, settings);
  const isEnding = (result: RecipientResult): boolean =>
    result.verdict.kind === 'blocked' && (isOver || (onBlocked !== 'hold' && !endsByItself(result)));
  return recipients.filter(({ address }) =>
    results.some((result) => result.address === address && isEnding(result)),
  );
}

/**
 * What was only seen gives way by itself, and a promoted level that blocks too much is taken back: nobody's mail is given up
 * for these before its time is over.
 */
function endsByItself({ tls, verdict }: RecipientResult): boolean {
  return tls.by === 'memory' || (verdict.kind === 'blocked' && verdict.promoted === true);
}

/** A rule's word, else the route's, else what holds for everyone. */
function onBlockedOn({ ruled, route }: Course, { holds }: QueueSettings): OnBlocked {
  return ruled.onBlocked ?? route?.onBlocked ?? holds.onBlocked;
}

/** Only what is blocked is worth finding out about. */
export function holdingFor(
  claim: Claim,
  recipient: Claim['recipients'][number],
  result: RecipientResult,
  { outgoing, settings }: { readonly outgoing: Outgoing; readonly settings: QueueSettings },
  world: World,
): Holding {
  if (result.verdict.kind !== 'blocked') return settings.holds;
  const { onBlocked, noticeAfterMs } = settings.holds;
  if (endsByItself(result)) return { onBlocked: 'hold', noticeAfterMs };
  const [group] = byCourse({ ...sortedFrom(claim, world), recipients: [recipient] }, outgoing);
  return { onBlocked: group === undefined ? onBlocked : onBlockedOn(group.course, settings), noticeAfterMs };
}
