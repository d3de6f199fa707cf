/** The real Waxwing with somebody on the way: between it and its resolver, the policy hosts, the mail servers. */
import assert from 'node:assert/strict';
import { afterEach, describe, type TestContext } from 'node:test';
import { types } from '../../src/dns/record.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import type { DnsMitm } from '../lab/mitm/dns.ts';
import {
  about,
  alter,
  fail,
  forgeNoData,
  forgeNoName,
  type Lie,
  silence,
  spoof,
  stripSignatures,
} from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import type { Attack } from '../lab/mitm/smtp.ts';
import { mailDomains } from '../lab/zones/mail.ts';
import type { ServedPolicy } from '../lab/zones/mail-domain.ts';
import { deliverToOne, startOnLab, verdictOf } from './support/policy-lab.ts';
import type { Waxwing } from './support/waxwing.ts';

const labTest = labTests({ mail: ['postfix', 'opensmtpd'] });
let restore: () => void = () => {};
afterEach(() => restore());

const policyOf = (domain: string): ServedPolicy =>
  mailDomains.find(({ name }) => name === domain)?.policy ?? assert.fail();
const names = (host: string): ServedPolicy => ({
  text: `version: STSv1\r\nmode: enforce\r\nmx: ${host}\r\nmax_age: 86400\r\n`,
});

/** What was lied about: a lie that nobody has heard proves nothing. */
const heard = new Set<string>();

function lyingAbout(asked: { readonly name?: string; readonly type?: number }, lie: Lie): Lie {
  return about(asked, (packet, over) => {
    heard.add(JSON.stringify(asked));
    return lie(packet, over);
  });
}

interface Scene {
  readonly lab: Lab;
  readonly mitm: DnsMitm;
  readonly waxwing: Waxwing;
}

/** A Waxwing behind a resolver that somebody speaks for, with all else as it should be. */
async function sceneOf(lab: Lab, t: TestContext): Promise<Scene> {
  heard.clear();
  const mitm = await lab.dnsMitm();
  const waxwing = await startOnLab(lab, {}, mitm);
  t.after(() => waxwing.close());
  restore = () => {
    for (const server of Object.values(lab.mail)) server.way.become('none');
    lab.policyHosts.serve('sts.test', policyOf('sts.test'));
  };
  return { lab, mitm, waxwing };
}

/** What reached the mail servers, and what could be read on the way to them, does not grow while this runs. */
async function nothingGoes(lab: Lab, work: () => Promise<void>): Promise<void> {
  const taken = async (): Promise<number> => {
    const all = await Promise.all(Object.values(lab.mail).map((server) => server.messages()));
    return all.flat().length;
  };
  const before = await taken();
  await work();
  assert.equal(await taken(), before, 'a message was taken');
  for (const { way } of Object.values(lab.mail)) {
    for (const { client } of way.seen())
      assert.doesNotMatch(client, /MAIL FROM|secret/, 'mail was sent in clear');
  }
}

describe('DANE at first contact', () => {
  const lies: Record<string, { lie: Lie; because: RegExp }> = {
    'the MX records are forged': {
      lie: lyingAbout({ name: 'dane-ee.test', type: types.MX }, spoof(rdata.mx(1, 'mx.plain.test'))),
      because: /MX records of dane-ee\.test cannot be learnt/,
    },
    'the MX records are altered and keep their signature': {
      lie: lyingAbout({ name: 'dane-ee.test', type: types.MX }, alter(rdata.mx(1, 'mx.plain.test'))),
      because: /MX records of dane-ee\.test cannot be learnt/,
    },
    'the MX records are gone': {
      lie: lyingAbout({ name: 'dane-ee.test', type: types.MX }, forgeNoData),
      because: /MX records of dane-ee\.test cannot be learnt/,
    },
    'the domain is gone': {
      lie: lyingAbout({ name: 'dane-ee.test' }, forgeNoName),
      because: /cannot be learnt/,
    },
    'the address of the host is forged': {
      lie: lyingAbout({ name: 'mx.dane-ee.test', type: types.A }, spoof(rdata.a('127.0.0.1'))),
      because: /addresses of mx\.dane-ee\.test cannot be learnt/,
    },
    'the TLSA records are gone': {
      lie: lyingAbout({ type: types.TLSA }, forgeNoData),
      because: /TLSA records at _25\._tcp\.mx\.dane-ee\.test cannot be learnt/,
    },
    'the name of the TLSA records is gone': {
      lie: lyingAbout({ type: types.TLSA }, forgeNoName),
      because: /TLSA records at _25\._tcp\.mx\.dane-ee\.test cannot be learnt/,
    },
    'the TLSA records are forged': {
      lie: lyingAbout({ type: types.TLSA }, spoof(rdata.tlsa(3, 1, 1, '00'.repeat(32)))),
      because: /TLSA records at _25\._tcp\.mx\.dane-ee\.test cannot be learnt/,
    },
    'the TLSA records have lost their signatures': {
      lie: lyingAbout({ type: types.TLSA }, stripSignatures),
      because: /TLSA records at _25\._tcp\.mx\.dane-ee\.test cannot be learnt/,
    },
    'the question for TLSA records fails': {
      lie: lyingAbout({ type: types.TLSA }, fail),
      because: /TLSA records at _25\._tcp\.mx\.dane-ee\.test cannot be learnt/,
    },
  };
  for (const [what, { lie, because }] of Object.entries(lies)) {
    labTest(`${what}: the mail waits, and the event says why`, async (lab, t) => {
      const { mitm, waxwing } = await sceneOf(lab, t);
      mitm.tell(lie);
      await nothingGoes(lab, async () => {
        const event = await deliverToOne(waxwing, 'dane-ee.test');
        assert.equal(event.event, 'deferred', JSON.stringify(event.tls));
        assert.match(event.tls?.because ?? '', because);
        assert.notEqual(event.nextAttemptAt, null);
        assert.equal(heard.size, 1);
      });
    });
  }
});

const attacks: Record<Exclude<Attack, 'none'>, RegExp> = {
  strip: /does not offer STARTTLS/,
  refuse: /offered STARTTLS and refused it/,
  intercept: /matches none of its TLSA records|the certificate is not valid/,
  inject: /sent plaintext between the go-ahead and the handshake/,
  cut: /reset|closed|ended/i,
};

describe('the way to a mail server whose domain has a policy', () => {
  for (const [attack, because] of Object.entries(attacks)) {
    for (const [domain, by] of [
      ['dane-ee.test', 'dane'],
      ['sts.test', 'sts'],
    ] as const) {
      labTest(`${attack}, with ${by}: nothing is sent, and the mail waits`, async (lab, t) => {
        const { waxwing } = await sceneOf(lab, t);
        for (const server of Object.values(lab.mail)) server.way.become(attack as Attack);
        await nothingGoes(lab, async () => {
          const event = await deliverToOne(waxwing, domain);
          assert.match(verdictOf(event), new RegExp(`^(blocked|deferred), authenticate by ${by}$`));
          assert.match(event.tls?.because ?? '', because);
          assert.deepEqual(
            waxwing.events().filter((one) => one.event === 'bounced'),
            [],
          );
        });
      });
    }
  }
});

const record = { name: '_mta-sts.sts.test', type: types.TXT };
const mx = { name: 'sts.test', type: types.MX };
const STS = 'delivered authenticated, authenticate by sts';

/** MTA-STS after first contact: each begins with one good delivery, then the process ends as by a power cut. */
interface Later {
  readonly what: string;
  readonly lies?: readonly Lie[];
  readonly served?: ServedPolicy | null;
  readonly way?: Attack;
  readonly verdict: string;
  readonly because: RegExp;
  readonly host?: string;
}

const later: readonly Later[] = [
  {
    what: 'S2: the record is gone',
    lies: [lyingAbout(record, forgeNoName)],
    verdict: STS,
    because: /proves mx\.sts\.test/,
  },
  {
    what: 'S2: the record is gone, and STARTTLS too',
    lies: [lyingAbout(record, forgeNoData)],
    way: 'strip',
    verdict: 'blocked, authenticate by sts',
    because: /does not offer STARTTLS/,
  },
  {
    what: 'S2: the record is gone, and the certificate is another',
    lies: [lyingAbout(record, forgeNoData)],
    way: 'intercept',
    verdict: 'blocked, authenticate by sts',
    because: /the certificate is not valid/,
  },
  {
    what: 'S3: the question for the record fails, and the MX records are forged',
    lies: [lyingAbout(record, fail), lyingAbout(mx, spoof(rdata.mx(1, 'mx.plain.test')))],
    verdict: 'blocked, authenticate by sts',
    because: /does not list mx\.plain\.test/,
  },
  {
    what: 'S3: nobody answers about the record',
    lies: [lyingAbout(record, silence)],
    verdict: STS,
    because: /proves mx\.sts\.test/,
  },
  {
    what: 'S5: the record has another id, and the policy host is down',
    lies: [lyingAbout(record, spoof(rdata.txt('v=STSv1; id=2;')))],
    served: null,
    verdict: STS,
    because: /proves mx\.sts\.test/,
  },
  {
    what: 'S5: the same, with a bad certificate of the policy host and forged MX records',
    lies: [
      lyingAbout(record, spoof(rdata.txt('v=STSv1; id=2;'))),
      lyingAbout(mx, spoof(rdata.mx(1, 'mx.plain.test'))),
    ],
    served: { ...names('mx.plain.test'), certificate: 'stranger' },
    verdict: 'blocked, authenticate by sts',
    because: /\(enforce, id 20260101T000000\) does not list mx\.plain\.test/,
  },
  {
    what: 'S8: the record has another id, and the MX has moved: fetched at once',
    lies: [
      lyingAbout(record, spoof(rdata.txt('v=STSv1; id=2;'))),
      lyingAbout(mx, spoof(rdata.mx(1, 'mx.dane-nsec3.test'))),
    ],
    served: names('mx.dane-nsec3.test'),
    verdict: 'delivered authenticated, authenticate by dane',
    because: /./,
    host: 'mx.dane-nsec3.test',
  },
  {
    what: 'S11: the MX has moved and the policy has not',
    lies: [lyingAbout(mx, spoof(rdata.mx(1, 'mx.plain.test')))],
    verdict: 'blocked, authenticate by sts',
    because: /does not list mx\.plain\.test/,
  },
];

describe('MTA-STS after first contact, kill -9 and a new start', () => {
  for (const { what, lies = [], served, way = 'none', verdict, because, host } of later) {
    labTest(`${what}: ${verdict}`, async (lab, t) => {
      const { mitm, waxwing } = await sceneOf(lab, t);
      assert.equal(verdictOf(await deliverToOne(waxwing, 'sts.test')), STS);
      await waxwing.kill9();
      mitm.tell(...lies);
      if (served !== undefined) lab.policyHosts.serve('sts.test', served);
      lab.mail.opensmtpd?.way.become(way);
      await waxwing.start();
      const attacked = async (): Promise<void> => {
        const event = await deliverToOne(waxwing, 'sts.test');
        assert.equal(verdictOf(event), verdict, JSON.stringify(event.tls));
        assert.match(event.tls?.because ?? '', because);
        if (host !== undefined) assert.equal(event.mx?.host, host);
        assert.deepEqual(
          waxwing.events().filter((one) => one.event === 'bounced'),
          [],
        );
      };
      await (verdict.startsWith('delivered') ? attacked() : nothingGoes(lab, attacked));
      assert.equal(heard.size, lies.length);
    });
  }
});
