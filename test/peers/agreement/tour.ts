/** Starts a server, and has every program look at it, each through a pass-through of its own that counts its connections. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkProtocols } from '../../../src/findings/endpoint.ts';
import { zooRoot } from '../../zoo/certificates.ts';
import type { SetUp } from '../../zoo/set-up.ts';
import { HOST, placeFor } from '../../zoo/visit.ts';
import type { PeerName } from '../support/catalog.ts';
import { openSandbox } from '../support/sandbox.ts';
import { startZoneServer } from '../support/zone-server.ts';
import { startCounter } from './counter.ts';
import type { Door, Sighting } from './sighting.ts';
import { ROOT_FILE, type Tool, type ToolName, wayOf } from './tool.ts';
import { lookByOurselves } from './waxwing.ts';

export interface Looked {
  readonly sighting: Sighting;
  /** As the server counted them. */
  readonly connections: number;
  readonly seconds: number;
}

export type ByTool =
  | ({ readonly kind: 'seen' } & Looked)
  | { readonly kind: 'cannot'; readonly because: string };

export interface Toured {
  readonly name: string;
  readonly door: Omit<Door, 'address'>;
  readonly ours: Looked;
  readonly tools: ReadonlyMap<ToolName, ByTool>;
}

type Roots = Readonly<Record<Tool['peer'] | PeerName, string>>;

/** What is closed behind the visit, in reverse. */
interface Closing {
  readonly after: (close: () => unknown) => void;
}

/** Looks at a server with all of these, ourselves first; testssl.sh, which takes the longest, beside the others. */
export async function tour(setUp: SetUp, tools: readonly Tool[], roots: Roots): Promise<Toured> {
  const place = placeFor(roots[setUp.program]);
  const { port, close } = await setUp.start(place);
  const server = { address: place.address, port };
  const closers: (() => unknown)[] = [() => close()];
  const closing = { after: (work: () => unknown): void => void closers.push(work) };
  const door = doorOf(setUp);
  try {
    const ours = await counted(server, door, (at) => lookAs(closing, at));
    const seen = new Map<ToolName, ByTool>();
    const take = async (tool: Tool): Promise<void> => {
      seen.set(tool.name, await lookBy(tool, server, door, roots[tool.peer]));
    };
    const slow = Promise.all(tools.filter(({ name }) => name === 'testssl.sh').map(take));
    for (const tool of tools.filter(({ name }) => name !== 'testssl.sh')) await take(tool);
    await slow;
    return { name: setUp.name, door, ours, tools: seen };
  } finally {
    for (const work of closers.toReversed()) await work();
  }
}

/** At the usual port, by which some programs know what to say. */
function doorOf({ protocol, tls }: SetUp): Omit<Door, 'address'> {
  const usual = checkProtocols[protocol][tls];
  if (usual === null) throw new Error(`${protocol} has no usual port`);
  return { host: HOST, port: usual, protocol, tls };
}

async function counted(
  server: { readonly address: string; readonly port: number },
  door: Omit<Door, 'address'>,
  look: (door: Door) => Promise<Sighting>,
): Promise<Looked> {
  const address = freshAddress();
  const counter = await startCounter({ address, port: door.port }, server);
  const begun = performance.now();
  try {
    const sighting = await look({ ...door, address });
    const seconds = (performance.now() - begun) / 1_000;
    return { sighting, connections: counter.connections(), seconds };
  } finally {
    counter.close();
  }
}

let given = 0;

/** An address of loopback for one program's visit. */
function freshAddress(): string {
  given += 1;
  return `127.${210 + (process.pid % 40)}.${(given >> 8) + ((process.pid >> 6) % 100) * 2}.${given & 0xff}`;
}

async function lookAs(closing: Closing, door: Door): Promise<Sighting> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-agreement-'));
  closing.after(() => rm(folder, { recursive: true }));
  const rootFile = join(folder, 'root.pem');
  await writeFile(rootFile, zooRoot);
  const resolver = await startZoneServer(closing, { [`${door.host} A`]: [door.address] });
  return lookByOurselves(door, { resolver, rootFile });
}

async function lookBy(
  tool: Tool,
  server: { readonly address: string; readonly port: number },
  door: Omit<Door, 'address'>,
  root: string,
): Promise<ByTool> {
  const way = wayOf(tool, door);
  if (way.kind === 'cannot') return way;
  const looked = await counted(server, door, async (at) => {
    const files = { [ROOT_FILE]: zooRoot, '/etc/postfix/main.cf': '' };
    const sandbox = await openSandbox(root, { hosts: { [at.host]: at.address }, files });
    try {
      return await tool.look(sandbox, at, way.words);
    } finally {
      await sandbox.close();
    }
  });
  return { kind: 'seen', ...looked };
}
