/** Those on the way do what they are told: what a client of a resolver or of a mail server sees of it. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import type { Dug } from '../lab/dig.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import {
  about,
  alter,
  delay,
  fail,
  flood,
  forgeNoData,
  forgeNoName,
  type Lie,
  noTcp,
  noUdp,
  setAd,
  silence,
  spoof,
  stripDnssec,
  stripEdns,
  stripSignatures,
  swapRcode,
  truncate,
} from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import type { Attack } from '../lab/mitm/smtp.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';

const labTest = labTests({ mail: ['postfix'] });
const HOST = 'mx.dane-ee.test';
const FORGED = '192.0.2.66';
const forged = Buffer.from(FORGED.split('.').map(Number)).toString('hex');

/** What dig reads when somebody on the way tells this. */
async function told(
  lab: Lab,
  lies: readonly Lie[],
  [name, type]: readonly [string, string] = ['www.p256.test', 'A'],
  ...more: readonly string[]
): Promise<Dug> {
  const mitm = await lab.dnsMitm();
  mitm.tell(...lies);
  return lab.dig(name, type, { address: mitm.address, more: ['+tries=1', '+time=1', ...more] });
}

const data = ({ records }: Dug): string[] => records.map((record) => record.data);
/** Without TTLs, which tick between two questions. */
const ageless = (dug: Dug): Dug => ({
  ...dug,
  authority: dug.authority.map((record) => ({ ...record, ttl: 0 })),
});
const types = ({ authority }: Dug): string[] => authority.map((record) => record.type);

describe('somebody on the way to a resolver', () => {
  labTest('who tells no lie passes on every octet, and sees what is asked', async (lab) => {
    const mitm = await lab.dnsMitm();
    const honest = await lab.dig('nothing.p384.test', 'A', { address: mitm.address });
    const direct = await lab.dig('nothing.p384.test', 'A', { resolver: 'plain' });
    assert.deepEqual(ageless(honest), ageless(direct));
    const big = await lab.dig('big.odd.test', 'TXT', { address: mitm.address });
    assert.equal(big.records.length, 40);
    const asked = mitm.asked().map(({ name, type, over }) => `${name} ${type} ${over}`);
    assert.deepEqual(asked, ['nothing.p384.test 1 udp', 'big.odd.test 16 udp', 'big.odd.test 16 tcp']);
  });

  labTest('signatures, or all of DNSSEC, are gone', async (lab) => {
    const question = ['nothing.p256.test', 'A'] as const;
    assert.ok(types(await told(lab, [], question)).includes('TYPE46'));
    const unsigned = types(await told(lab, [stripSignatures], question));
    assert.ok(unsigned.includes('TYPE47') && !unsigned.includes('TYPE46'));
    assert.deepEqual(types(await told(lab, [stripDnssec], question)), ['TYPE6']);
    assert.deepEqual(data(await told(lab, [stripEdns])), ['c0000214']);
  });

  labTest('records are forged or altered', async (lab) => {
    assert.deepEqual(data(await told(lab, [spoof(rdata.a(FORGED))])), [forged]);
    assert.deepEqual(data(await told(lab, [alter(rdata.a(FORGED))])), [forged]);
    const mx = await told(lab, [spoof(rdata.mx(5, 'evil.test'))], ['dane-ee.test', 'MX']);
    assert.deepEqual(data(mx), ['0005046576696c047465737400']);
    const tlsa = await told(lab, [spoof(rdata.tlsa(3, 1, 1, 'ab'.repeat(32)))], [`_25._tcp.${HOST}`, 'TLSA']);
    assert.deepEqual(data(tlsa), [`030101${'ab'.repeat(32)}`]);
    const text = await told(lab, [spoof(rdata.txt('v=STSv1; id=9;'))], ['_mta-sts.sts.test', 'TXT']);
    assert.deepEqual(data(text), [`0e${Buffer.from('v=STSv1; id=9;').toString('hex')}`]);
    const alias = await told(lab, [spoof(rdata.name('evil.test'))], ['to-nsec.alias.test', 'CNAME']);
    assert.deepEqual(data(alias), ['046576696c047465737400']);
  });

  labTest('absence is forged, and response codes are swapped', async (lab) => {
    const name = await told(lab, [forgeNoName]);
    assert.deepEqual([name.rcode, data(name), types(name)], ['NXDOMAIN', [], []]);
    const record = await told(lab, [forgeNoData]);
    assert.deepEqual([record.rcode, data(record)], ['NOERROR', []]);
    assert.equal((await told(lab, [fail])).rcode, 'SERVFAIL');
    const swapped = await told(lab, [swapRcode(3)]);
    assert.deepEqual([swapped.rcode, data(swapped)], ['NXDOMAIN', ['c0000214']]);
  });

  labTest('AD is set, and taken away', async (lab) => {
    assert.equal((await told(lab, [])).ad, false);
    assert.equal((await told(lab, [setAd(true)])).ad, true);
    const mitm = await lab.dnsMitm('validating');
    assert.equal((await lab.dig('www.p256.test', 'A', { address: mitm.address })).ad, true);
    mitm.tell(setAd(false));
    assert.equal((await lab.dig('www.p256.test', 'A', { address: mitm.address })).ad, false);
  });

  labTest('answers do not come, come late, are cut, or come by TCP alone', async (lab) => {
    assert.equal((await told(lab, [silence])).rcode, 'TIMEOUT');
    assert.equal((await told(lab, [noUdp])).rcode, 'TIMEOUT');
    assert.deepEqual(data(await told(lab, [noUdp], undefined, '+tcp')), ['c0000214']);
    assert.equal((await told(lab, [noTcp])).rcode, 'TIMEOUT');
    assert.deepEqual(data(await told(lab, [truncate], undefined, '+ignore')), []);
    const before = Date.now();
    assert.deepEqual(data(await told(lab, [delay(400)])), ['c0000214']);
    assert.ok(Date.now() - before >= 400);
    assert.equal((await told(lab, [delay(2000)])).rcode, 'TIMEOUT');
  });

  labTest('wrong answers come before the right one, and dig takes none of them', async (lab) => {
    assert.deepEqual(data(await told(lab, [flood(20, rdata.a(FORGED))], undefined, '+time=5')), ['c0000214']);
  });

  labTest('a lie can be about one name or type alone', async (lab) => {
    const lie = about({ name: 'www.p256.test', type: 1 }, spoof(rdata.a(FORGED)));
    assert.deepEqual(data(await told(lab, [lie])), [forged]);
    assert.notDeepEqual(data(await told(lab, [lie], ['www.p384.test', 'A'])), [forged]);
    assert.deepEqual(data(await told(lab, [lie], ['www.p256.test', 'TXT'])), []);
  });
});

describe('somebody on the way to a mail server', () => {
  labTest('who does nothing lets TLS through, and reads only what is before it', async (lab, t) => {
    const { client, way } = await clientOn(lab, t, 'none');
    assert.match(await client.expect('EHLO client.test', '250'), /STARTTLS/);
    await client.expect('STARTTLS', '220');
    await client.secure({ servername: HOST, ca: lab.authority.certPem, rejectUnauthorized: true });
    await client.expect('EHLO client.test', '250');
    assert.equal(way.seen().at(-1)?.client, 'EHLO client.test\r\nSTARTTLS\r\n');
  });

  labTest('STARTTLS is stripped, and mail goes in clear before his eyes', async (lab, t) => {
    const { client, way } = await clientOn(lab, t, 'strip');
    const offers = await client.expect('EHLO client.test', '250');
    assert.doesNotMatch(offers, /STARTTLS/i);
    assert.match(offers, /^(?:250-.*\r\n)*250 .*\r\n$/);
    await client.expect('STARTTLS', '454');
    await client.expect('MAIL FROM:<a@client.test>', '250');
    await client.expect('RCPT TO:<b@dane-ee.test>', '250');
    await client.expect('DATA', '354');
    await client.expect('Subject: x\r\n\r\nSTARTTLS\r\n.', '250');
    assert.match(way.seen().at(-1)?.client ?? '', /Subject: x/);
    const messages = await lab.mail.postfix?.messages(1);
    assert.match(String(messages?.[0]?.body), /^STARTTLS$/m);
  });

  labTest('STARTTLS is refused, or the connection cut when it is asked for', async (lab, t) => {
    const refused = await clientOn(lab, t, 'refuse');
    assert.match(await refused.client.expect('EHLO client.test', '250'), /STARTTLS/);
    await refused.client.expect('STARTTLS', '454');
    const cut = await clientOn(lab, t, 'cut');
    await cut.client.expect('EHLO client.test', '250');
    await assert.rejects(cut.client.expect('STARTTLS', '220'), /the server closed/);
  });

  labTest('a line in clear is injected behind the 220', async (lab, t) => {
    const { client } = await clientOn(lab, t, 'inject');
    await client.expect('EHLO client.test', '250');
    assert.match(await client.expect('STARTTLS', '220'), /^220 /);
    assert.match(await client.reply(), /^250 2\.0\.0 injected/);
  });

  labTest('TLS ends with him: he reads it, and his certificate proves nothing', async (lab, t) => {
    const { client, way } = await clientOn(lab, t, 'intercept');
    await client.expect('EHLO client.test', '250');
    await client.expect('STARTTLS', '220');
    await client.secure({ servername: HOST });
    await client.expect('EHLO inside.test', '250');
    assert.match(way.seen().at(-1)?.client ?? '', /EHLO inside\.test/);
    const careful = await clientOn(lab, t, 'intercept');
    await careful.client.expect('EHLO client.test', '250');
    await careful.client.expect('STARTTLS', '220');
    await assert.rejects(
      careful.client.secure({ servername: HOST, ca: lab.authority.certPem, rejectUnauthorized: true }),
      { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    );
  });

  labTest('two ways to Postfix are attacked for ever', async (lab, t) => {
    const stripped = await connected(t, lab.address(29));
    assert.doesNotMatch(await stripped.expect('EHLO client.test', '250'), /STARTTLS/i);
    const intercepted = await connected(t, lab.address(30));
    await intercepted.expect('EHLO client.test', '250');
    await intercepted.expect('STARTTLS', '220');
    const socket = await intercepted.secure({ servername: 'mx.sts-intercepted.test' });
    assert.equal(socket.getPeerCertificate().issuer.CN, 'Unknown Authority');
  });
});

async function clientOn(lab: Lab, t: TestContext, attack: Attack) {
  const way = lab.mail.postfix?.way;
  if (way === undefined) throw new Error('the lab has no Postfix');
  way.become(attack);
  const client = await connected(t, way.address);
  return { client, way };
}

async function connected(t: TestContext, address: string): Promise<RawClient> {
  const client = await rawClient(25, address);
  t.after(() => client.close());
  assert.match(await client.reply(), /^220 /);
  return client;
}
