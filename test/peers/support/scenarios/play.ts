/** Plays all rows: one relay for the domains made for them, one for those of the lab; what came of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../../../../src/events/delivery-event.ts';
import type { QueuedMessage } from '../../../../src/relay/control-api.ts';
import type { Lab } from '../../../lab/lab.ts';
import { type HostileServer, startHostileServer } from '../../../support/hostile-server.ts';
import { startOnLab } from '../policy-lab.ts';
import { until } from '../until.ts';
import { hashPassword, type Waxwing, type WaxwingOptions } from '../waxwing.ts';
import { askControl, override } from './control.ts';
import { handInAll, STRICT } from './hand-in.ts';
import { type Hosts, type ServerRoots, startHosts } from './hosts.ts';
import type { Fate, Row } from './row.ts';
import { hostOf, type Scene, sceneRoutes, scenesOf, senderRules } from './scene.ts';
import { policyOf, tellOf } from './scene-dns.ts';
import { importList, newListAuthor } from './scene-list.ts';

/** What came of a row; `queue` as the relay calls it. */
export interface Seen extends Omit<Fate, 'queue'> {
  readonly queue: string;
  readonly required: string;
  readonly by: string;
}

export interface Played {
  readonly seen: ReadonlyMap<Row, Seen>;
  readonly scenes: readonly Scene[];
  readonly hosts: Hosts;
  readonly close: () => Promise<void>;
}

export interface Rows {
  readonly made: readonly Row[];
  readonly lab: readonly Row[];
  /** With the switch for all mail on, after the others. */
  readonly switched: readonly Row[];
}

export async function play(lab: Lab, roots: ServerRoots, rows: Rows): Promise<Played> {
  const made = scenesOf(rows.made, 's');
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closing.splice(0).map((one) => one()));
  };
  try {
    const keep = async <Kept extends { close(): Promise<void> }>(starting: Promise<Kept>): Promise<Kept> => {
      const started = await starting;
      closing.push(() => started.close());
      return started;
    };
    const certificate = await lab.authority.issue({ names: ['mx.sender.test'] });
    const sink = await keep(startHostileServer(certificate));
    const mitm = await lab.dnsMitm('validating');
    const options = await optionsFor(sink);
    const trust = { resolver: [`${mitm.address}:${mitm.port}`], dnssec: 'trust' };
    const author = newListAuthor();
    const list = { keys: [author.key] };
    const starting = [
      keep(startHosts(lab, roots, made)),
      keep(startOnLab(lab, { ...options, dns: trust, list })),
      keep(startOnLab(lab, { ...options, list })),
    ] as const;
    // Where one fails the others are not left behind.
    await Promise.allSettled(starting);
    const [hosts, trusting, validating] = await Promise.all(starting);
    const fromLab = scenesOf(rows.lab, 'l');
    await Promise.all([importList(trusting, author, made), importList(validating, author, fromLab)]);
    mitm.tell(tellOf(made, hosts.places, lab.policyHosts.address));
    for (const scene of made) {
      const policy = policyOf(scene);
      if (policy !== null) lab.policyHosts.serve(scene.domain, policy);
    }
    const parts = await Promise.all([
      playMade(trusting, sink, made),
      playLab(validating, sink, fromLab, scenesOf(rows.switched, 'o')),
    ]);
    return { seen: new Map(parts.flatMap((part) => [...part])), scenes: made, hosts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sender's mail goes to the sink; the first word about a hold after a second. */
async function optionsFor(sink: HostileServer): Promise<WaxwingOptions> {
  const to = `smtp://127.0.0.1:${sink.port}`;
  return {
    relay: { retry: ['1h'], hold_notice_after: '1s' },
    accounts: { [STRICT.user]: await hashPassword(STRICT.password, '--scrypt') },
    rules: [{ account: STRICT.user, tls: 'authenticate' }, ...senderRules],
    routes: [{ match: 'sender.test', to }, { match: '.sender.test', to }, ...sceneRoutes],
  };
}

type SeenOfRows = ReadonlyMap<Row, Seen>;

async function playMade(
  waxwing: Waxwing,
  sink: HostileServer,
  scenes: readonly Scene[],
): Promise<SeenOfRows> {
  await overrideFor(waxwing, scenes);
  return playAll(waxwing, sink, scenes);
}

async function playLab(
  waxwing: Waxwing,
  sink: HostileServer,
  scenes: readonly Scene[],
  switched: readonly Scene[],
): Promise<SeenOfRows> {
  await overrideFor(waxwing, scenes);
  const first = await playAll(waxwing, sink, scenes);
  await override(waxwing, '*', 'may');
  return new Map([...first, ...(await playAll(waxwing, sink, switched))]);
}

/** Of domains of their own. */
async function overrideFor(waxwing: Waxwing, scenes: readonly Scene[]): Promise<void> {
  for (const { row, domain } of scenes) {
    const [what, level = ''] = row.layer.split(' ');
    if (what === 'override') await override(waxwing, domain, level);
  }
}

async function playAll(waxwing: Waxwing, sink: HostileServer, scenes: readonly Scene[]): Promise<SeenOfRows> {
  await handInAll(waxwing.tlsPort, scenes);
  const look = (): ReadonlyMap<Scene, Story> => storiesOf(scenes, waxwing.events(), noticesAt(sink));
  let came = 0;
  // Where it never comes to what is expected, what did come is compared.
  await until(
    async () => {
      // Each look reads the whole log.
      await sleep(200);
      const stories = [...look()];
      came = stories.reduce((sum, [, { events, notices }]) => sum + events.length + notices.length, 0);
      return stories.every(([{ row }, story]) => isOver(row, story));
    },
    () => 'not every row is over',
    () => came,
  ).catch(() => {});
  const seen = [...look()].map(async ([scene, story]) => {
    return [scene.row, await seenOf(waxwing, scene, story)] as const;
  });
  return new Map(await Promise.all(seen));
}

interface Story {
  readonly events: readonly DeliveryEvent[];
  readonly notices: readonly string[];
}

function isOver(row: Row, { events, notices }: Story): boolean {
  const awaited = /^(?:delayed|failed)/.test(row.reply) ? 1 : 0;
  return events.length >= row.events.split(', ').length && notices.length >= awaited;
}

function storiesOf(
  scenes: readonly Scene[],
  events: readonly DeliveryEvent[],
  notices: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<Scene, Story> {
  const byRecipient = Map.groupBy(events, ({ to }) => to);
  return new Map(
    scenes.map((scene) => {
      const own = byRecipient.get(scene.recipient) ?? [];
      const story = own.filter(({ event }) => event !== 'received');
      return [scene, { events: story, notices: notices.get(scene.sender) ?? [] }];
    }),
  );
}

/** Action and status of what senders were told. */
function noticesAt({ messages }: HostileServer): ReadonlyMap<string, readonly string[]> {
  const all = messages.flatMap(({ recipients, content }) => {
    const words = content.toString('latin1');
    const action = /^Action: (\w+)\r$/m.exec(words)?.[1];
    const status = /^Status: ([\d.]+)\r$/m.exec(words)?.[1];
    return recipients.map((to) => ({ to, said: `${action} ${status}` }));
  });
  return new Map(
    [...Map.groupBy(all, ({ to }) => to)].map(([to, some]) => [to, some.map(({ said }) => said)]),
  );
}

async function seenOf(waxwing: Waxwing, scene: Scene, { events, notices }: Story): Promise<Seen> {
  // What comes first says it all: what follows a `blocked` is what becomes of it.
  const [first] = events;
  const names = events.map(({ event }) => event).join(', ');
  const said = first?.event === 'delivered' ? [replyOf(first), ...notices] : notices;
  return {
    required: first?.tls?.required ?? '–',
    by: first?.tls?.by ?? '–',
    outcome: first?.tls?.outcome ?? '–',
    events: names,
    reply: said.join(', ') || '–',
    queue: first === undefined ? '–' : await stateOf(waxwing, first),
    because: first === undefined ? '–' : becauseOf(scene, first),
  };
}

function replyOf({ reply }: DeliveryEvent): string {
  if (reply === null) return '–';
  return reply.enhanced === null ? `${reply.code}` : `${reply.code} ${reply.enhanced}`;
}

function becauseOf(scene: Scene, { mx, tls }: DeliveryEvent): string {
  const host = mx?.host ?? hostOf(scene);
  const named = (tls?.because ?? '–')
    .replaceAll(host, 'HOST')
    .replaceAll(scene.domain, 'DOMAIN')
    .replace(/ until [0-9-]{10}T[0-9:]{8}Z: /, ' until TIME: ');
  const address = mx?.address ?? null;
  return address === null ? named : named.replaceAll(address, 'ADDRESS');
}

/** Between two attempts; one is under way only for a moment. */
function stateOf(waxwing: Waxwing, { id }: DeliveryEvent): Promise<string> {
  return until(
    async () => {
      const message: QueuedMessage = JSON.parse(await askControl(waxwing, 'GET', `/queue/${id}`));
      const delivery = message.recipients[0]?.delivery;
      if (delivery === undefined || delivery.kind === 'attempting') return false;
      return delivery.kind === 'held' ? `held by ${delivery.by}` : delivery.kind;
    },
    () => `${id} is being tried all the time`,
  );
}
