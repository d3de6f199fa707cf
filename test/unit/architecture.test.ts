import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, it } from 'node:test';
import { type Import, readSource } from './source.ts';

const root = join(import.meta.dirname, '..', '..');
const slashed = (path: string): string => path.split(sep).join('/');
const sources = globSync('src/**/*.ts', { cwd: root }).map(slashed).toSorted();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Room {
  readonly floor: 1 | 2 | 3 | 4;
  /** Rooms it may import. */
  readonly rooms: readonly string[];
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[];
  /** Modules of Node it may import; absent: any. */
  readonly node?: readonly string[];
  /** Packages it imports: exactly these. */
  readonly npm?: readonly string[];
}

const floor1 = [
  'names',
  'wire',
  'tls',
  'mail',
  'protocols',
  'dns',
  'policies',
  'queue',
  'events',
  'reports',
  'findings',
];
const floor2 = ['net', 'store', 'lookup'];
const machines = [
  'relay',
  'advisor',
  'scanner',
  'gateway',
  'policy-host',
  'collector',
  'monitor',
  'dashboard',
];
const machine = { floor: 3, rooms: [...floor1, ...floor2] } as const;

/** The design's table of rooms. Imports go down; floor 1 does no I/O, so its modules of Node are those that compute. */
const rooms: Record<string, Room> = {
  names: { floor: 1, rooms: [], node: ['node:url', 'node:net'] },
  wire: { floor: 1, rooms: [], node: ['node:buffer'] },
  tls: {
    floor: 1,
    rooms: ['names'],
    node: ['node:crypto', 'node:net'],
    npm: ['@peculiar/x509', 'reflect-metadata'],
  },
  mail: { floor: 1, rooms: ['names'], node: [] },
  // Hashes, in protocols/sasl only.
  protocols: { floor: 1, rooms: ['names', 'wire', 'mail'], node: ['node:crypto', 'node:util'] },
  dns: { floor: 1, rooms: ['names', 'wire'], node: ['node:crypto'] },
  policies: { floor: 1, rooms: ['names', 'wire', 'dns', 'tls'], node: ['node:crypto'] },
  queue: { floor: 1, rooms: ['names'], node: [] },
  events: { floor: 1, rooms: ['names', 'policies'], node: [], npm: ['zod'] },
  reports: { floor: 1, rooms: ['names', 'policies', 'events', 'mail'], node: ['node:zlib'] },
  findings: { floor: 1, rooms: ['names', 'dns', 'tls', 'policies'], node: [] },
  net: { floor: 2, rooms: ['names', 'wire', 'dns', 'tls'] },
  // Rows move by the one function that the queue has for it; of the others the store knows the shapes only.
  // A client of databases connects by itself: it is told where, and how the other end has to prove itself.
  store: { floor: 2, rooms: ['queue', 'reports'], types: ['names', 'policies', 'events'], npm: ['pg'] },
  lookup: { floor: 2, rooms: [...floor1, 'net', 'store'] },
  ...Object.fromEntries(machines.map((name) => [name, machine])),
  relay: {
    ...machine,
    npm: ['@hono/node-server', '@hono/zod-openapi', 'hono', 'mailauth', 'nodemailer', 'prom-client', 'zod'],
  },
  gateway: { ...machine, npm: ['prom-client'] },
  advisor: {
    ...machine,
    npm: ['@hono/node-server', '@hono/zod-openapi', 'hono', 'prom-client', 'zod'],
  },
  cli: {
    floor: 4,
    rooms: [...floor1, ...floor2, ...machines],
    npm: ['commander', 'pino', 'prom-client', 'smol-toml', 'zod'],
  },
  // The other door: what a program can import from the package.
  'index.ts': { floor: 4, rooms: ['events'] },
  // And the one for STARTTLS by itself, which brings nothing of the machines with it.
  'starttls.ts': { floor: 4, rooms: ['names', 'wire', 'tls', 'net', 'protocols'] },
  // And the one for who decides by our policies and delivers by himself.
  'policy.ts': { floor: 4, rooms: ['names', 'wire', 'tls', 'policies', 'net', 'lookup'] },
};

/** What is wrong with a source at this path, one sentence each. */
function faults(path: string, text: string): string[] {
  const name = path.split('/')[1] ?? '';
  const room = rooms[name];
  if (room === undefined) return [`src/${name} is not a room: add it to the table`];
  const { code, imports } = readSource(text);
  return [
    ...imports.map((one) => faultOfImport(path, name, room, one)).filter((fault) => fault !== undefined),
    ...(name !== 'cli' && /(?<![.\w$])process\b(?!["\s]*:)/.test(code)
      ? [`${name} may not use process`]
      : []),
    ...(room.floor === 1 ? (code.match(OUTSIDE) ?? []).map((word) => `${name} may not use ${word}`) : []),
  ];
}

/** Time, randomness and I/O that need no import. */
const OUTSIDE =
  /(?<![.\w$])(?:Date\.now|new Date\(\s*\)|Math\.random|(?:setTimeout|setInterval|setImmediate|fetch|performance|globalThis|crypto|Worker)\b(?!["\s]*[:?]))/g;

function faultOfImport(
  path: string,
  name: string,
  room: Room,
  { target, typesOnly }: Import,
): string | undefined {
  if (target === null) return `${name} imports something that is computed`;
  if (target.startsWith('node:')) {
    return room.node?.includes(target) === false ? `${name} may not import ${target}` : undefined;
  }
  if (!target.startsWith('.')) {
    const known = room.npm?.includes(packageOf(target)) === true;
    return known ? undefined : `${name} may not import the package ${target}`;
  }
  const [top, other = ''] = posix.join(posix.dirname(path), target).split('/');
  if (top !== 'src') return `${name} may not import ${target}, which is outside src`;
  if (other === name || room.rooms.includes(other)) return undefined;
  if (room.types?.includes(other) === true) {
    return typesOnly ? undefined : `${name} may import types only from ${other}`;
  }
  return `${name} may not import ${other}`;
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('the rooms of src', () => {
  it('there are sources to look at', () => assert.ok(sources.length > 80));

  for (const path of sources) {
    it(`${path} stays in its room`, () => assert.deepEqual(faults(path, read(path)), []));
  }

  for (const [name, { npm }] of Object.entries(rooms)) {
    it(`${name} imports exactly the packages it is said to`, () => {
      const targets = sources
        .filter((path) => path.startsWith(`src/${name}/`))
        .flatMap((path) => readSource(read(path)).imports.map(({ target }) => target ?? ''))
        .filter((target) => target !== '' && !/^(?:node:|\.)/.test(target));
      assert.deepEqual([...new Set(targets.map(packageOf))].toSorted(), npm ?? []);
    });
  }

  it('imports go down, and machines never import machines', () => {
    for (const [name, room] of Object.entries(rooms)) {
      for (const other of [...room.rooms, ...(room.types ?? [])]) {
        const floor = rooms[other]?.floor ?? 4;
        assert.ok(floor < room.floor || (floor === room.floor && floor < 3), `${name} and ${other}`);
        // Within a floor there are no circles either.
        assert.ok(!rooms[other]?.rooms.includes(name), `${name} and ${other} import each other`);
      }
    }
  });
});

describe('the table convicts what is planted', () => {
  const convicted: [path: string, text: string, fault: string][] = [
    [
      'wire/x.ts',
      `import { open } from '../protocols/smtp/client/open.ts';`,
      'wire may not import protocols',
    ],
    ['wire/a/b.ts', `import type { X } from '../../net/drive.ts';`, 'wire may not import net'],
    ['wire/x.ts', `export { X } from '../net/drive.ts';`, 'wire may not import net'],
    ['wire/x.ts', `export * from "../net/drive.ts";`, 'wire may not import net'],
    ['wire/x.ts', `import '../net/drive.ts';`, 'wire may not import net'],
    ['wire/x.ts', `const x = await import('../net/drive.ts');`, 'wire may not import net'],
    [
      'wire/x.ts',
      `import {\n  type A, // from 'here'\n  b,\n} from\n  '../net/drive.ts';`,
      'wire may not import net',
    ],
    ['wire/x.ts', `/* a */import/* b */{x}/* c */from/* d */'../net/drive.ts'`, 'wire may not import net'],
    ['wire/x.ts', `let x: typeof import('../net/drive.ts');`, 'wire may not import net'],
    ['wire/x.ts', 'const t = `${`${await import("../net/drive.ts")}`}`;', 'wire may not import net'],
    ['wire/x.ts', `const r = /'/; import '../net/drive.ts'; const s = /'/;`, 'wire may not import net'],
    [
      'wire/x.ts',
      `const half = a / 2; import '../net/drive.ts'; const b = c / 2;`,
      'wire may not import net',
    ],
    ['wire/x.ts', `await import(name);`, 'wire imports something that is computed'],
    ['wire/x.ts', 'await import(`../net/drive.ts`);', 'wire imports something that is computed'],
    [
      'wire/x.ts',
      `const fs = createRequire(import.meta.url)('fs');`,
      'wire imports something that is computed',
    ],
    [
      'wire/x.ts',
      `import '../../test/support/tap.ts';`,
      'wire may not import ../../test/support/tap.ts, which is outside src',
    ],
    ['wire/x.ts', `import { connect } from 'node:net';`, 'wire may not import node:net'],
    ['wire/x.ts', `import net from 'net';`, 'wire may not import the package net'],
    ['names/x.ts', `import { readFile } from 'node:fs/promises';`, 'names may not import node:fs/promises'],
    ['mail/x.ts', `import { z } from 'zod';`, 'mail may not import the package zod'],
    ['net/x.ts', `import type { Delivery } from '../queue/delivery.ts';`, 'net may not import queue'],
    ['net/x.ts', `import { relay } from '../relay/relay.ts';`, 'net may not import relay'],
    [
      'store/x.ts',
      `import { eventNames } from '../events/delivery-event.ts';`,
      'store may import types only from events',
    ],
    [
      'store/x.ts',
      `import { type A, b } from '../events/delivery-event.ts';`,
      'store may import types only from events',
    ],
    ['relay/x.ts', `import { scan } from '../scanner/scan.ts';`, 'relay may not import scanner'],
    ['scanner/x.ts', `import { dial } from '../relay/pool.ts';`, 'scanner may not import relay'],
    ['relay/x.ts', `import { main } from '../cli/main.ts';`, 'relay may not import cli'],
    ['relay/x.ts', `import { z } from '@hono/other';`, 'relay may not import the package @hono/other'],
    ['relay/x.ts', `const home = process.env['HOME'];`, 'relay may not use process'],
    ['relay/x.ts', `const { argv } = process;`, 'relay may not use process'],
    ['queue/x.ts', `const now = Date.now();`, 'queue may not use Date.now'],
    ['queue/x.ts', `const now = new Date();`, 'queue may not use new Date()'],
    ['queue/x.ts', 'const id = `x${Math.random()}`;', 'queue may not use Math.random'],
    ['queue/x.ts', `setTimeout(() => undefined, 1);`, 'queue may not use setTimeout'],
    ['queue/x.ts', `const at = performance.now();`, 'queue may not use performance'],
    ['attic/x.ts', ``, 'src/attic is not a room: add it to the table'],
  ];
  for (const [path, text, fault] of convicted) {
    it(`${path}: ${text.replaceAll('\n', ' ')}`, () =>
      assert.deepEqual(faults(`src/${path}`, text), [fault]));
  }

  const acquitted: [path: string, text: string][] = [
    ['wire/x.ts', `// import '../net/drive.ts';`],
    ['wire/x.ts', `/** @see import('../net/drive.ts') and process.env */ const x = 1;`],
    ['wire/x.ts', `const text = "import '../net/drive.ts'";`],
    ['wire/x.ts', "const text = `import '../net/drive.ts' ${1 + 1} process.env`;"],
    ['wire/x.ts', `const slashes = /[/]\\/\\/'"/; const after = "process.env";`],
    ['wire/x.ts', `import { x } from './y.ts'; export { x };`],
    ['wire/x.ts', `Buffer.from('../net/drive.ts'); const at = new URL('.', import.meta.url);`],
    ['store/x.ts', `import { type A, type B } from '../events/delivery-event.ts';`],
    ['store/x.ts', `import type * as events from '../events/delivery-event.ts';`],
    ['relay/x.ts', `const step = { process: 1 }; step.process += 1;`],
    ['queue/x.ts', `const next = (at: Date, random: () => number) => new Date(at.getTime() + random());`],
  ];
  for (const [path, text] of acquitted) {
    it(`and nothing else: ${path}: ${text}`, () => assert.deepEqual(faults(`src/${path}`, text), []));
  }
});

/** Sources that are tested elsewhere, and in a word why. What a test does not run as a program, it has to import. */
const testedElsewhere: { why: string; test: string; sources: string; asProgram?: true }[] = [
  {
    why: 'parts of the configuration, which is tested as a whole',
    test: 'test/unit/cli/config/load.test.ts',
    sources: `cli/config/effective cli/config/keys cli/config/settle-gateway cli/config/settle-relay cli/config/settle-senders cli/config/schema/check
      cli/config/schema/gateway cli/config/schema/metrics cli/config/sources cli/config/tree
      cli/config/schema/account cli/config/schema/dns cli/config/schema/domain cli/config/schema/kit cli/config/schema/limits
      cli/config/schema/listener cli/config/schema/mta-sts cli/config/schema/relay cli/config/schema/route
      cli/config/schema/authentication cli/config/schema/inbound cli/config/schema/quota
      cli/config/schema/rule cli/config/schema/dkim cli/config/schema/forwarding
      cli/config/schema/bounces
      cli/config/schema/tls`,
  },
  {
    why: 'the text of files that the configuration names, and what is wrong with it',
    test: 'test/unit/cli/config/files.test.ts',
    sources: 'cli/config/alias-files cli/config/dkim-files cli/config/gateway-files cli/config/text-file',
  },
  {
    why: 'what both databases with accounts have in common',
    test: 'test/unit/store/sqlite-accounts.test.ts',
    sources: 'store/account-rows',
  },
  {
    why: 'its arguments, run as a program',
    test: 'test/net/cli/resolve.test.ts',
    sources: 'cli/commands/resolve',
    asProgram: true,
  },
  {
    why: 'its arguments, run as a program',
    test: 'test/net/cli/explain/explain.test.ts',
    sources: 'cli/commands/explain',
    asProgram: true,
  },
  {
    why: 'what is wrong with a destination, told together',
    test: 'test/unit/cli/explain/problems.test.ts',
    sources: `cli/explain/dane-problems cli/explain/dns-problems cli/explain/explained cli/explain/memory-problems cli/explain/remedies
      cli/explain/rule-problems cli/explain/sts-problems`,
  },
  {
    why: 'words of the text',
    test: 'test/unit/cli/explain/text.test.ts',
    sources: 'cli/explain/words',
  },
  {
    why: 'the pieces of the text',
    test: 'test/unit/cli/check/text.test.ts',
    sources: `cli/check/page cli/check/text-details cli/check/text-findings cli/check/text-remedies
      cli/check/text-senders cli/check/verdict cli/check/words`,
  },
  {
    why: 'the pieces of forms, read back from them',
    test: 'test/unit/cli/check/formats/html.test.ts',
    sources: `cli/check/formats/document cli/check/formats/html-style
      cli/check/formats/profile-document cli/check/formats/repair-document cli/check/formats/report-document cli/check/formats/told`,
  },
  {
    why: 'how many complaints are kept',
    test: 'test/unit/cli/check/output.test.ts',
    sources: 'cli/check/formats/format',
  },
  {
    why: 'what is measured, read back',
    test: 'test/unit/cli/check/formats/openmetrics.test.ts',
    sources: 'cli/check/formats/openmetrics-samples',
  },
  {
    why: 'rules of a log, read back',
    test: 'test/unit/cli/check/formats/sarif.test.ts',
    sources: 'cli/check/formats/sarif-rules',
  },
  {
    why: 'the text of the line',
    test: 'test/unit/cli/check/formats/nagios.test.ts',
    sources: 'cli/check/formats/nagios-text',
  },
  {
    why: 'the table of what comes of what, by what it does to repairs',
    test: 'test/unit/cli/check/repairs.test.ts',
    sources: 'cli/check/causes',
  },
  {
    why: 'the words of the catalogue, each of which is looked at there',
    test: 'test/unit/findings/page.test.ts',
    sources: `findings/catalogue findings/catalogue/caa findings/catalogue/cert findings/catalogue/conn
      findings/catalogue/dns findings/catalogue/dnssec findings/catalogue/handshake findings/catalogue/mailbox
      findings/catalogue/mx findings/catalogue/senders findings/catalogue/smtp findings/catalogue/starttls
      findings/catalogue/suites findings/catalogue/tls findings/catalogue/tlsrpt`,
  },
  {
    why: 'what requirements are judged by, each told there',
    test: 'test/unit/findings/profiles/evaluate.test.ts',
    sources: `findings/profiles/doors findings/profiles/facts-dmarc findings/profiles/facts-doors
      findings/profiles/facts-hosts`,
  },
  {
    why: 'profiles as data, all of which are looked at there',
    test: 'test/unit/findings/profiles/built-in.test.ts',
    sources: `findings/profiles/bod-18-01 findings/profiles/bsi-tr-03108 findings/profiles/dane-ready
      findings/profiles/default findings/profiles/mta-sts-ready findings/profiles/ncsc-nl-2025-05
      findings/profiles/profile`,
  },
  {
    why: 'what a profile in a file may say, and what comes of it',
    test: 'test/unit/cli/check/profile-file.test.ts',
    sources:
      'cli/check/profile-again cli/check/profile-faults cli/check/profile-merge cli/check/profile-schema',
  },
  {
    why: 'what a recording is made of',
    test: 'test/unit/cli/check/recording.test.ts',
    sources: 'cli/check/observation-schema cli/check/recording-schema cli/check/wire-values',
  },
  {
    why: 'the arguments, and what is opened for them, run as a program',
    test: 'test/net/cli/check.test.ts',
    sources: 'cli/check/check cli/check/judgement cli/check/printing cli/commands/check',
    asProgram: true,
  },
  {
    why: 'a run of many, killed and interrupted as a program',
    test: 'test/net/cli/check-resume.test.ts',
    sources: `cli/check/interrupt cli/check/lanes/crew cli/check/lanes/lane cli/check/lanes/lanes
      cli/check/report-all cli/check/visit-all`,
    asProgram: true,
  },
  {
    why: 'the commands of an operator, asked through the socket',
    test: 'test/net/relay/control-policies.test.ts',
    sources: 'relay/control-clients relay/control-wake relay/policies-api',
  },
  {
    why: 'the shape of what was seen, which rules are tried on',
    test: 'test/unit/policies/report-only/would.test.ts',
    sources: 'policies/report-only/seen',
  },
  {
    why: 'which doors of a target are visited, seen by the visits',
    test: 'test/unit/scanner/tester.test.ts',
    sources: 'scanner/plans scanner/visit-doors scanner/visits',
  },
  {
    why: 'both ends of what a lane and the main thread say',
    test: 'test/unit/cli/check/lanes/desk.test.ts',
    sources: 'cli/check/lanes/messages cli/check/lanes/remote-calls cli/check/lanes/remote-visits',
  },
  {
    why: 'wording and shape of the notification',
    test: 'test/unit/mail/dsn.test.ts',
    sources: 'mail/dsn-text mail/notification',
  },
  {
    why: 'the catalogue, which is checked against what is documented',
    test: 'test/unit/docs.test.ts',
    sources: 'events/delivery-event',
  },
  {
    why: 'the event of a connection, which one has to end for',
    test: 'test/net/gateway/gateway.test.ts',
    sources: 'events/connection-event',
  },
  {
    why: 'the event of what came back, which comes of reading it',
    test: 'test/unit/relay/returned.test.ts',
    sources: 'events/returned-event',
  },
  {
    why: 'a list that shows what real servers sent back',
    test: 'test/peers/verp.test.ts',
    sources: 'cli/commands/queue-suppressed',
    asProgram: true,
  },
  {
    why: 'tables and steps of the queue, none of which is seen from outside',
    test: 'test/unit/store/sqlite-queue.test.ts',
    sources: `store/accept store/body-files store/claim store/claims store/holds store/holds-table store/listing store/messages store/nudge
      store/open-database store/pause store/pauses store/receipts store/recipients store/settle store/statement store/tables
      store/trail store/undo`,
  },
  {
    why: 'advice over the lab, run as a program',
    test: 'test/peers/advise.test.ts',
    sources: 'cli/advise/advise cli/check/opt-out-file cli/commands/advise',
    asProgram: true,
  },
  {
    why: 'parts of one plan, which is made of all of them',
    test: 'test/unit/findings/advice/plan.test.ts',
    sources: `findings/advice/dane-steps findings/advice/hosts findings/advice/standing
      findings/advice/sts-steps`,
  },
  {
    why: 'parts of what is found about MTA-STS, each id told there',
    test: 'test/unit/findings/rules/mtasts.test.ts',
    sources: `findings/catalogue/mtasts findings/mtasts/change findings/mtasts/content findings/mtasts/coverage
      findings/mtasts/gather findings/mtasts/host findings/mtasts/publish findings/mtasts/record
      findings/mtasts/right-file findings/web-pki`,
  },
  {
    why: 'parts of what is found about TLSA records, each id told there',
    test: 'test/unit/findings/rules/dane.test.ts',
    sources: `findings/catalogue/dane findings/dane/match findings/dane/outlook findings/dane/places
      findings/dane/presence findings/dane/publish findings/dane/records findings/seen`,
  },
  { why: 'the names of the calls', test: 'test/unit/store/batch.test.ts', sources: 'store/calls' },
  {
    why: 'the tables of the policy store, none of which is seen from outside',
    test: 'test/unit/store/open-policies.test.ts',
    sources: 'store/list-table store/overrides-table store/policy-migrations store/sts-table',
  },
  {
    why: 'the policy list from its author to what deliveries go by, run as a program',
    test: 'test/net/cli/list.test.ts',
    sources: 'cli/commands/policy-lists cli/list-service',
    asProgram: true,
  },
  {
    why: 'what a table comes to, told with the table',
    test: 'test/unit/cli/config/schema/policy-list.test.ts',
    sources: 'cli/config/settle-list',
  },
  {
    why: 'who has to have signed what is recalled',
    test: 'test/unit/lookup/recall.test.ts',
    sources: 'lookup/trusted-list',
  },
  {
    why: 'the list as JSON, asked through the socket',
    test: 'test/net/relay/control-list.test.ts',
    sources: 'relay/list-api',
  },
  {
    why: 'what is counted while the program runs, seen from outside',
    test: 'test/net/cli/results.test.ts',
    sources: 'cli/observation cli/commands/queue-stats',
    asProgram: true,
  },
  {
    why: 'a program in another language, which has to run',
    test: 'test/net/collector/datagrams.test.ts',
    sources: 'collector/helper',
  },
  {
    why: 'the tables of what is added up, neither of which is seen from outside',
    test: 'test/unit/store/open-results.test.ts',
    sources: 'store/results-table store/travel-table',
  },
  {
    why: 'the tables of what is known of clients, none of which is seen from outside',
    test: 'test/unit/store/open-clients.test.ts',
    sources: 'store/in-one-commit store/inbound-table store/quotas-table store/suppressions-table',
  },
  {
    why: 'shared by the databases, and shown by the steps of the queue',
    test: 'test/unit/store/migrations.test.ts',
    sources: 'store/migrate',
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/mx.test.ts',
    sources: 'findings/rules/mx-backups findings/rules/mx-hosts findings/rules/reverse',
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/senders.test.ts',
    sources: `findings/rules/dmarc findings/rules/dmarc-repairs findings/rules/dmarc-walk findings/rules/parked
      findings/rules/spf findings/rules/spf-cost findings/rules/spf-repairs`,
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/dnssec.test.ts',
    sources: 'findings/rules/dnssec-hosts findings/rules/dnssec-validity findings/rules/dnssec-zone',
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/starttls.test.ts',
    sources: `findings/rules/starttls-consistency findings/rules/starttls-inside findings/rules/starttls-probes
      findings/catalogue/remedies`,
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/smtp.test.ts',
    sources: 'findings/rules/smtp-auth findings/rules/smtp-intrusive',
  },
  {
    why: 'parts of one rule, which is tested as a whole',
    test: 'test/unit/findings/rules/conn.test.ts',
    sources: 'findings/rules/conn-families',
  },
  {
    why: 'a table of one rule',
    test: 'test/unit/findings/rules/caa.test.ts',
    sources: 'findings/rules/caa-authorities',
  },
  {
    why: 'runs in a thread of its own',
    test: 'test/unit/store/open-queue.test.ts',
    sources: 'store/writer',
    asProgram: true,
  },
  {
    why: 'what the package exports, tested where it is installed',
    test: 'test/pack/pack.test.ts',
    sources: 'index',
    asProgram: true,
  },
  {
    why: 'parts of one session, which is tested as a whole',
    test: 'test/unit/protocols/smtp/gateway/front.test.ts',
    sources: `protocols/smtp/gateway/alone protocols/smtp/gateway/command protocols/smtp/gateway/commands
      protocols/smtp/gateway/introduce protocols/smtp/gateway/replies protocols/smtp/gateway/state`,
  },
  {
    why: 'shapes only',
    test: 'test/unit/protocols/imap/client.test.ts',
    sources: 'protocols/upgrade',
  },
  {
    why: 'what a server of IMAP says before the login, which is all the dialogue reads',
    test: 'test/unit/protocols/imap/client.test.ts',
    sources: 'protocols/imap/response',
  },
  {
    why: 'parts of the front, which is tested as a whole',
    test: 'test/unit/protocols/imap/front.test.ts',
    sources: 'protocols/imap/clear protocols/imap/inside protocols/imap/state',
  },
  {
    why: 'what a server of POP3 says before the login, which is all the dialogue reads',
    test: 'test/unit/protocols/pop3/client.test.ts',
    sources: 'protocols/pop3/response',
  },
  {
    why: 'parts of the front, which is tested as a whole',
    test: 'test/unit/protocols/pop3/front.test.ts',
    sources: 'protocols/pop3/clear protocols/pop3/inside protocols/pop3/state',
  },
  {
    why: 'what the dialogue reads and writes, told by its transcripts',
    test: 'test/unit/protocols/sieve/client.test.ts',
    sources: 'protocols/handshake protocols/sieve/capabilities',
  },
  {
    why: 'steps of one session, each told by its transcripts',
    test: 'test/unit/protocols/sieve/front.test.ts',
    sources: 'protocols/sieve/clear protocols/sieve/inside protocols/sieve/state',
  },
  {
    why: 'what the dialogue reads, told by its transcripts',
    test: 'test/unit/protocols/nntp/client.test.ts',
    sources: 'protocols/nntp/response',
  },
  {
    why: 'steps of one session, each told by its transcripts',
    test: 'test/unit/protocols/nntp/front.test.ts',
    sources: 'protocols/nntp/clear protocols/nntp/inside protocols/nntp/state',
  },
  {
    why: 'what a directory is told and tells, each shown by transcripts',
    test: 'test/unit/protocols/ldap/front.test.ts',
    sources: 'protocols/ldap/clear protocols/ldap/inside',
  },
  {
    why: 'what a stream is told and tells, each shown by transcripts',
    test: 'test/unit/protocols/xmpp/front.test.ts',
    sources: 'protocols/xmpp/clear protocols/xmpp/exposed protocols/xmpp/follow protocols/xmpp/inside',
  },
  {
    why: 'what the dialogue reads, told by its transcripts',
    test: 'test/unit/protocols/ftp/client.test.ts',
    sources: 'protocols/ftp/reply',
  },
  {
    why: 'which dialogue is whose, the usual judgement of a certificate, and authorities of a program',
    test: 'test/net/starttls.test.ts',
    sources: 'net/certificate-judge net/roots protocols/dialogue-of',
  },
  {
    why: 'shapes and two constants',
    test: 'test/unit/protocols/smtp/client/deliver.test.ts',
    sources: 'names/wishes',
  },
  { why: 'a shape', test: 'test/unit/relay/treatment.test.ts', sources: 'names/message-terms' },
  {
    why: 'the commands of an operator, asked through the socket',
    test: 'test/net/relay/control.test.ts',
    sources: 'relay/control-queue',
  },
  {
    why: 'the whole of a queue, copied and checked',
    test: 'test/unit/store/backup.test.ts',
    sources: 'store/check',
  },
  {
    why: 'a medium with no room left, which has to be a real one',
    test: 'test/net/store/full-disk.test.ts',
    sources: 'store/room',
    asProgram: true,
  },
  {
    why: 'commands that only ask and print, run as a program',
    test: 'test/unit/cli/commands/queue.test.ts',
    sources: 'cli/ask cli/commands/queue-copies',
    asProgram: true,
  },
  {
    why: 'the other half of an export',
    test: 'test/unit/cli/queue-copy/export.test.ts',
    sources: 'cli/queue-copy/import',
  },
  {
    why: 'it runs the programs of a Postfix',
    test: 'test/peers/import-postfix.test.ts',
    sources: 'cli/queue-copy/postfix',
  },
  {
    why: 'steps of one reducer, each told by its transcripts',
    test: 'test/unit/protocols/smtp/server/transcripts.test.ts',
    sources: `protocols/sasl/mechanisms protocols/smtp/server/answers protocols/smtp/server/authentication
      protocols/smtp/server/content protocols/smtp/server/hello protocols/smtp/server/hello-name
      protocols/smtp/server/state protocols/smtp/server/transaction protocols/smtp/server/xclient`,
  },
  {
    why: 'parts of the driver of sessions, which needs all of them for a single line',
    test: 'test/net/net/attend.test.ts',
    sources: 'net/client-socket net/incoming-content net/incoming-lines',
  },
  {
    why: 'a shape, and the key of what is recorded, shown by whoever answers from it',
    test: 'test/unit/findings/drive-recorded.test.ts',
    sources: 'findings/recording',
  },
  {
    why: 'the list of the kinds, and shapes',
    test: 'test/unit/findings/simulate.test.ts',
    sources: 'findings/senders',
  },
  {
    why: 'steps and probes of the dialect of SMTP, told by its transcripts',
    test: 'test/unit/scanner/dialects/smtp.test.ts',
    sources: 'scanner/dialects/smtp-probes scanner/dialects/smtp-steps',
  },
  {
    why: 'how connections are accepted, behind proxies too, shown by whoever listens',
    test: 'test/net/net/listen.test.ts',
    sources: 'net/accept',
  },
  {
    why: 'the way of one question to one resolver, which needs all of them',
    test: 'test/net/net/dns/exchange.test.ts',
    sources: 'net/dns/carried net/dns/carrier net/dns/client net/dns/stream-dial net/dns/udp-port',
  },
  {
    why: 'the sides of a gateway, which its driver needs both for a single octet',
    test: 'test/net/net/mediate.test.ts',
    sources: 'net/backend-side net/leg',
  },
  {
    why: 'one connection of a gateway, and what it goes by',
    test: 'test/net/gateway/gateway.test.ts',
    sources: 'gateway/client-certificate gateway/protocols gateway/visit',
  },
  {
    why: 'shapes, and the list of protocols',
    test: 'test/unit/cli/gateway-flags.test.ts',
    sources: 'gateway/settings',
  },
  {
    why: 'flags and signals of processes, run as programs',
    test: 'test/unit/cli/gateway.test.ts',
    sources: 'cli/commands/gateway cli/signals',
    asProgram: true,
  },
  {
    why: 'the routes of the HTTP API, which are asked over HTTP',
    test: 'test/net/relay/http-api/http-api.test.ts',
    sources: `relay/http-api/answers relay/http-api/app relay/http-api/changes relay/http-api/reading
      relay/http-api/schemas relay/http-api/submission relay/http-api/suppressions`,
  },
  {
    why: 'what opens the look-ups of the library',
    test: 'test/net/policy.test.ts',
    sources: 'lookup/open-lookups',
  },
  {
    why: 'what both protocols of Postfix have in common',
    test: 'test/unit/advisor/socketmap.test.ts',
    sources: 'advisor/postfix-table',
  },
  {
    why: 'what the listeners of the advisor share: the names of its protocols, and what is counted',
    test: 'test/net/advisor/advisor.test.ts',
    sources: 'advisor/metrics advisor/settings',
  },
  {
    why: 'only wiring, run as a program',
    test: 'test/net/cli/advisor.test.ts',
    sources: 'cli/advisor-service',
    asProgram: true,
  },
  {
    why: 'where the advisor listens, beside the keys that say so',
    test: 'test/unit/cli/config/schema/advisor.test.ts',
    sources: 'cli/config/settle-advisor',
  },
  {
    why: 'only wiring, run as a program with curl',
    test: 'test/peers/http-api.test.ts',
    sources: 'cli/api-service',
    asProgram: true,
  },
  {
    why: 'several processes, run as a program',
    test: 'test/net/cli/workers.test.ts',
    sources: `cli/works cli/workers/life cli/workers/messages cli/workers/primary cli/workers/wires
      cli/workers/work cli/workers/worker cli/workers/workers relay/workers/call-socket`,
    asProgram: true,
  },
  {
    why: 'the two ends of a connection that changes hands',
    test: 'test/net/net/hand-over.test.ts',
    sources: 'net/handed-over',
  },
  { why: 'where connections come in', test: 'test/net/net/places.test.ts', sources: 'net/door' },
  {
    why: 'only wiring, run as a program',
    test: 'test/peers/send.test.ts',
    sources: `cli/commands/send cli/commands/serve cli/config/options cli/control-client cli/ground cli/look-up
      cli/outgoing cli/policy-engine cli/queue-text cli/send-direct`,
    asProgram: true,
  },
  {
    why: 'what only root can do, and what takes real sockets of a process',
    test: 'test/net/cli/give-up-root.test.ts',
    sources: 'cli/settle-in',
    asProgram: true,
  },
  {
    why: 'calls of sendmail, from their words to what lies in the spool',
    test: 'test/unit/cli/sendmail/sendmail.test.ts',
    sources: 'cli/sendmail/drop cli/sendmail/exit-codes cli/sendmail/place cli/sendmail/smtp',
  },
  {
    why: 'only wiring, run as a program by other users and names',
    test: 'test/net/cli/sendmail.test.ts',
    sources: 'cli/commands/sendmail cli/config/schema/sendmail cli/spool-service',
    asProgram: true,
  },
  {
    why: 'what --version prints',
    test: 'test/unit/cli/bin.test.ts',
    sources: 'cli/version',
    asProgram: true,
  },
  {
    why: 'how mail is handed over, tested against peers that answer as they like',
    test: 'test/net/relay/outgoing.test.ts',
    sources: 'relay/hand-over relay/result relay/work',
  },
  {
    why: 'looks at destinations with held mail, at peers that are mended meanwhile',
    test: 'test/net/relay/holding.test.ts',
    sources: 'relay/probe',
  },
  {
    why: 'parts of one evaluation, which needs all of them',
    test: 'test/unit/relay/authentication/evaluate.test.ts',
    sources: 'relay/authentication/dmarc relay/authentication/not-looked-at relay/authentication/sealers',
  },
  {
    why: 'parts of the webhooks, which are tested as a whole',
    test: 'test/unit/relay/webhooks/webhooks.test.ts',
    sources: 'relay/webhooks/gather relay/webhooks/gather-told relay/webhooks/replay relay/webhooks/send',
  },
  {
    why: 'the outbox behind its thread, none of which is seen from outside',
    test: 'test/unit/store/open-outbox.test.ts',
    sources:
      'store/outbox-calls store/outbox-database store/outbox-statements store/outbox-table store/outbox-writer',
    asProgram: true,
  },
  {
    why: 'webhooks from the configuration to a receiver, run as a program',
    test: 'test/net/cli/webhooks.test.ts',
    sources: 'cli/commands/events cli/webhook-service',
    asProgram: true,
  },
  {
    why: 'the files that a webhook names, and what is wrong with them',
    test: 'test/unit/cli/config/schema/events.test.ts',
    sources: 'cli/config/webhook-files',
  },
  {
    why: 'two relays as the workers of one',
    test: 'test/net/relay/workers/answer.test.ts',
    sources: 'cli/workers/merging',
  },
  {
    why: 'words and numbers for what a server says, tested where it is read',
    test: 'test/unit/tls/hello/server-flight.test.ts',
    sources: 'tls/hello/extension-types tls/hello/flight-end',
  },
  {
    why: 'further questions of the same kind, of which the same is asked',
    test: 'test/unit/scanner/hello-questions.test.ts',
    sources: 'scanner/deep-hellos',
  },
  {
    why: 'the life of a message, tested from end to end',
    test: 'test/net/relay/transactions.test.ts',
    sources: `relay/attempt relay/relay relay/tls-verdict`,
  },
];

describe('every source has its test at the mirrored path', () => {
  const listed = new Map(
    testedElsewhere.flatMap((entry) => entry.sources.split(/\s+/).map((source) => [source, entry])),
  );

  for (const path of sources.filter((source) => !isTypesOnly(read(source)))) {
    const name = path.slice('src/'.length, -'.ts'.length);
    it(name, () => {
      const mirrored = ['unit', 'net', 'peers'].flatMap((kind) => [
        `test/${kind}/${name}.test.ts`,
        `test/${kind}/${name}.property.test.ts`,
      ]);
      const found = mirrored.some((test) => existsSync(join(root, test)));
      const entry = listed.get(name);
      if (entry === undefined) return assert.ok(found, `no test at ${mirrored[0]}`);
      assert.ok(!found, `${name} has its own test: take it off the list`);
      if (entry.asProgram === true) assert.ok(existsSync(join(root, entry.test)), entry.test);
      else assert.ok(reach(entry.test).has(path), `${entry.test} does not come to ${path}`);
    });
  }

  it('the list names no source that is gone', () => {
    for (const name of listed.keys()) assert.ok(existsSync(join(root, 'src', `${name}.ts`)), name);
  });
});

/** Whether nothing of the source is left at run time, so that there is nothing to test. */
function isTypesOnly(text: string): boolean {
  const { code, imports } = readSource(text);
  return (
    imports.every(({ typesOnly }) => typesOnly) &&
    !/^(?:export\s+)?(?:async|function|class|const|let|await)\b/m.test(code)
  );
}

/** All sources that a test comes to by its imports. */
function reach(test: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [test];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path) || !existsSync(join(root, path))) continue;
    seen.add(path);
    for (const { target, typesOnly } of readSource(read(path)).imports) {
      if (target?.startsWith('.') === true && !typesOnly)
        waiting.push(posix.join(posix.dirname(path), target));
    }
  }
  return seen;
}
