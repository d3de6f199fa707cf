/** A real Exim that asks the advisor as docs/advisor.md says, and sends to the domains of the lab: the same verdicts as the relay's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, describe, type TestContext } from 'node:test';
import type { Lab } from '../../lab/lab.ts';
import type { LabTest } from '../../lab/lab-test.ts';
import { about, type Lie } from '../../lab/mitm/lies.ts';
import { recordOf } from '../../lab/mitm/packet.ts';
import { checkColumn } from '../support/advised-table.ts';
import { dueOf, override, startAdvisorOnLab } from '../support/advisor-lab.ts';
import { type Exim, type EximSections, startExim } from '../support/exim.ts';
import { labVerdicts } from '../support/lab-verdicts.ts';
import { rootsOf } from '../support/peer.ts';
import { until } from '../support/until.ts';
import type { Waxwing } from '../support/waxwing.ts';

const page = join(import.meta.dirname, '../../../docs/advisor.md');
const SOCKET = '/run/waxwing/exim.sock';
const TRUST = '/etc/ssl/certs/ca-certificates.crt';

/** The example of the page. The lab is on loopback, where no mail host of the internet is. */
function documentedSections(): EximSections {
  const written = readFileSync(page, 'utf8');
  const [, main = '', routers = '', transports = ''] =
    /```\n(# main section\n.*?)(# begin routers.*?)(# begin transports.*?)```/s.exec(written) ?? [];
  const ignored = /^ {2}ignore_target_hosts = .*127\.0\.0\.0\/8.*\n/m;
  assert.match(routers, ignored);
  assert.ok(main.includes(SOCKET) && transports.includes(TRUST));
  return {
    main: `domainlist local_domains = nobody.test\n${main}`,
    routers: routers.replace(ignored, '  self = send\n'),
    // Who takes out STARTTLS in the lab knows no BDAT, and ends both directions with the first.
    transports: transports.replace(
      'driver = smtp\n',
      'driver = smtp\n  allow_localhost\n  hosts_try_chunking =\n  hosts_avoid_pipelining = *\n',
    ),
  };
}

interface Sender extends Exim {
  /** Where it looks for the advisor, seen from here. */
  readonly socket: string;
}

interface Both {
  readonly exim: Sender;
  readonly advisor: Waxwing;
}

let shared: Promise<Both> | undefined;
function sender(lab: Lab): Promise<Both> {
  shared ??= (async () => {
    const exim = await startSender(lab, 164, lab.resolver.address);
    const advisor = await startAdvisorOnLab(lab, [{ protocol: 'line', socket: exim.socket }]);
    return { exim, advisor };
  })();
  return shared;
}

async function startSender(lab: Lab, last: number, resolver: string): Promise<Sender> {
  const had = await rootsOf(['exim']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const exim = await startExim(had.roots.exim, {
    address: lab.address(last),
    hostname: 'sender.lab.test',
    domains: ['nobody.test'],
    files: {
      '/etc/resolv.conf': `nameserver ${resolver}\noptions trust-ad\n`,
      [TRUST]: lab.authority.certPem,
      [SOCKET.replace('exim.sock', '.here')]: '',
    },
    // Bounces of the test are nobody's.
    settings: { bounce_return_message: 'false', ignore_bounce_errors_after: '0s' },
    sections: documentedSections(),
  });
  return { ...exim, socket: exim.path(SOCKET) };
}

/** Answers in place of an advisor. @param answer '' for mail that waits from before, which a run of the queue asks for. */
async function startLine(
  t: TestContext,
  { socket }: Sender,
  answer: (domain: string) => string,
): Promise<void> {
  await rm(socket, { force: true });
  const listener = createServer({ allowHalfOpen: true }, (asked) => {
    asked.on('error', () => {});
    createInterface({ input: asked }).once('line', (line) => asked.end(answer(line.replace(/^get /, ''))));
  });
  listener.listen(socket);
  await once(listener, 'listening');
  t.after(() => listener.close());
  await chmod(socket, 0o666);
}

/** The line that it would get. */
async function answerOf({ socket }: Sender, domain: string): Promise<string> {
  const asking = connect(socket);
  asking.end(`get ${domain}\n`);
  return text(asking);
}

/** After looking up addresses Exim goes by the name at the end of the aliases. */
const knownByOwner: Readonly<Record<string, string>> = { 'dane-host-alias.test': 'mx.dane-ee.test' };

/** An A record of another name, to which an alias leads. */
function aliasOf(target: string, address: string): Lie {
  const wire = Buffer.concat(
    [...target.split('.'), ''].map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
  );
  return (packet) => ({
    kind: 'answer',
    packet: {
      ...packet,
      answer: [
        recordOf(packet.question?.name ?? Buffer.of(0), 5, 60, wire),
        recordOf(wire, 1, 60, Buffer.from(address.split('.').map(Number))),
      ],
    },
  });
}

/** What became of mail to a domain, as Exim's log says it. */
interface Fate {
  readonly became: 'sent' | 'deferred' | 'bounced';
  readonly line: string;
  readonly inTls: boolean;
  readonly host: string | null;
}

const words = { '=>': 'sent', '->': 'sent', '==': 'deferred', '**': 'bounced' } as const;

function fateOf(log: string, domain: string): Fate | undefined {
  const lines = log.split('\n').filter((line) => line.includes(`b@${domain}`));
  for (const line of lines) {
    const [, sign] = / (=>|->|==|\*\*) /.exec(line) ?? [];
    if (sign !== '=>' && sign !== '->' && sign !== '==' && sign !== '**') continue;
    const [, host = null] = / H=([^ ]+) /.exec(line) ?? [];
    return { became: words[sign], line, inTls: / X=TLS/.test(line), host };
  }
  return undefined;
}

/** What its log tells of a delivery: `CV=dane` and `CV=yes` stand for a certificate that was verified. */
function wordsOf({ became, inTls, line }: Fate): string {
  if (became !== 'sent') return became;
  if (!inTls) return 'sent, cleartext';
  return / CV=(?:dane|yes) /.test(line) ? 'sent, verified' : 'sent, encrypted';
}

async function send(exim: Sender, domains: readonly string[]): Promise<ReadonlyMap<string, Fate>> {
  const from = exim.log().length;
  const content = Buffer.from('Subject: secret\n\nsecret text\n');
  await exim.inject(
    'a@sender.test',
    domains.map((domain) => `b@${domain}`),
    content,
  );
  return until(
    () => {
      const log = exim.log().slice(from);
      const fates = new Map<string, Fate>();
      for (const domain of domains) {
        const fate = fateOf(log, domain);
        if (fate !== undefined) fates.set(domain, fate);
      }
      return fates.size === domains.length && fates;
    },
    () => exim.log(),
  );
}

export function eximTests(labTest: LabTest): void {
  describe('Exim 4.96 asks the advisor by readsocket', () => {
    after(async () => {
      const both = await shared;
      await both?.exim.close();
      await both?.advisor.close();
    });

    labTest('mail goes where our own relay would send it, and waits where it would wait', async (lab, t) => {
      const { exim } = await sender(lab);
      const domains = labVerdicts.map(({ domain }) => domain);
      const fates = await send(exim, domains);
      const differ: string[] = [];
      for (const domain of domains) {
        const due = dueOf(domain);
        const fate = fates.get(domain);
        assert.ok(fate !== undefined);
        t.diagnostic(`| ${domain} | ${fate.became} | ${due.became} | ${fate.line}`);
        const isDue = fate.became === due.became && (due.inTls === null || fate.inTls === due.inTls);
        const isThere = due.mx === null || fate.host === (knownByOwner[domain] ?? due.mx);
        if (!isDue || !isThere) differ.push(`${domain}: ${due.became} ${due.mx}, not ${fate.line}`);
      }
      assert.deepEqual(differ, [], exim.log());
      for (const domain of ['dane-ee.test', 'dane-ta.test', 'half-dane.test', 'dane-host-alias.test'])
        assert.match(fates.get(domain)?.line ?? '', / CV=dane /);
      for (const domain of ['sts.test', 'sts-wildcard.test'])
        assert.match(fates.get(domain)?.line ?? '', / CV=yes /);
      await checkColumn('Exim 4.96', new Map([...fates].map(([domain, fate]) => [domain, wordsOf(fate)])));
      const asked = await exim.run('exim4', ['-be', `\${readsocket{${SOCKET}}{get sts.test\\n}{40s}}`]);
      assert.match(
        asked.stdout,
        /^mx="mx\.sts\.test" tls="mx\.sts\.test=verify" because=".*" result=deliver\n/,
      );
    });

    labTest('one message, one host, two domains: neither goes by what the other asks for', async (lab) => {
      const { exim, advisor } = await sender(lab);
      await override(advisor, 'half-dane.test', 'off');
      // What is kept is forgotten within a second.
      await until(
        async () => (await answerOf(exim, 'half-dane.test')).includes('mx.dane-ee.test=off'),
        advisor.log,
      );
      const fates = await send(exim, ['half-dane.test', 'dane-ee.test']);
      assert.deepEqual(
        [...fates.values()].map(({ became, inTls, host }) => ({ became, inTls, host })),
        [
          { became: 'sent', inTls: false, host: 'mx.dane-ee.test' },
          { became: 'sent', inTls: true, host: 'mx.dane-ee.test' },
        ],
      );
    });

    labTest(
      'a host that forged DNS makes an alias has to prove the name that was asked for',
      async (lab, t) => {
        const mitm = await lab.dnsMitm();
        const exim = await startSender(lab, 165, mitm.address);
        t.after(() => exim.close());
        const named = 'mx.sts.test';
        await startLine(t, exim, () => `mx="${named}" tls="${named}=verify" because="x" result=deliver\n`);
        const other = 'mx.sts-wildcard.test';
        mitm.tell(about({ name: named, type: 1 }, aliasOf(other, lab.address(26))));
        const { became, line } = (await send(exim, ['sts.test'])).get('sts.test') ?? assert.fail('no fate');
        assert.equal(became, 'deferred', line);
        assert.match(line, / H=mx\.sts-wildcard\.test \[[^ ]+\]: TLS session: .*certificate/);
      },
    );

    labTest('mail waits where the advisor is gone', async (lab) => {
      const { exim, advisor } = await sender(lab);
      await advisor.stop();
      for (const [domain, fate] of await send(exim, ['plain.test', 'sts.test'])) {
        assert.equal(fate.became, 'deferred', domain);
        assert.match(fate.line, / R=advice defer .*expansion of .*readsocket.* failed/);
      }
    });

    /** To each a domain of its own: Exim remembers for some seconds what it could not route. */
    const broken: readonly (readonly [domain: string, what: string, answer: string])[] = [
      ['sts-none.test', 'nothing', ''],
      ['sts-moved.test', 'a line that broke off', 'mx="MX" tls="MX=may" because="x"'],
      ['sts-html.test', 'one that broke off in its last word', 'mx="MX" tls="MX=may" because="x" result=del'],
      ['sts-huge.test', 'another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ];
    const whole = 'mx="MX" tls="MX=may" because="x" result=deliver\n';
    labTest(
      `mail waits where what answers is ${broken.map(([, what]) => what).join(', ')}`,
      async (lab, t) => {
        const { exim } = await sender(lab);
        const answers = new Map<string, string>();
        await startLine(t, exim, (domain) => answers.get(domain) ?? '');
        const fateOfOne = async (domain: string, said: string): Promise<Fate> => {
          answers.set(domain, said.replaceAll('MX', `mx.${domain}`));
          const fate = (await send(exim, [domain])).get(domain);
          assert.ok(fate !== undefined);
          return fate;
        };
        for (const [domain, what, said] of broken) {
          const fate = await fateOfOne(domain, said);
          assert.equal(fate.became, 'deferred', `${what}: ${fate.line}`);
          assert.match(fate.line, /R=advice/);
        }
        const sent = await fateOfOne('sts-testing.test', whole);
        assert.equal(sent.became, 'sent', sent.line);
        // A host without a word has to show as much as there is.
        const { became, line } = await fateOfOne(
          'plain-stripped.test',
          whole.replace('tls="MX=', 'tls="other.test='),
        );
        assert.equal(became, 'deferred', line);
        assert.match(line, /a TLS session is required/);
      },
    );
  });
}
