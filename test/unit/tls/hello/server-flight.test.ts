import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ClientHelloSpec } from '../../../../src/tls/hello/client-hello.ts';
import {
  type FlightQuestion,
  isAnswered,
  readServerFlight,
  type ServerFlight,
} from '../../../../src/tls/hello/server-flight.ts';
import type { Sslv2HelloSpec } from '../../../../src/tls/hello/sslv2-hello.ts';
import { asked } from './asked.ts';
import { handshake, record } from './flights.ts';
import { recording, recordings } from './recordings.ts';
import { told } from './told.ts';

interface Change {
  readonly at: number;
  readonly how: 'set' | 'flip' | 'cut' | 'insert' | 'remove' | 'splice';
  readonly octets: Uint8Array;
  readonly from: number;
}

type Offer = ClientHelloSpec | Sslv2HelloSpec;

const offerOf = (name: string): Offer => asked.get(name)?.offer ?? assert.fail(`nobody asks ${name}`);
const retry = offerOf('retry');
const weak = offerOf('weak');

/** Read in slices of so many octets; none: all at once. */
function flight(offer: Offer, octets: Uint8Array, size = octets.length): ServerFlight {
  const reader = readServerFlight(offer);
  let last = reader.take(Buffer.alloc(0));
  for (let at = 0; at < octets.length; at += size)
    last = reader.take(Buffer.from(octets.subarray(at, at + size)));
  return last;
}

describe('flights of real servers', () => {
  for (const { server, name, question, says, octets } of recordings) {
    it(`${server}, asked ${name}: ${says}`, () => {
      const whole = flight(question.offer, octets);
      assert.equal(told(whole), says);
      // What follows the record that breaks a rule is left.
      if (whole.end?.kind !== 'broken') assert.equal(whole.octets, octets.length);
      for (const size of [1, 7, 64, 500]) assert.deepEqual(flight(question.offer, octets, size), whole);
      assert.ok(isAnswered(whole, question.until));
    });
  }

  it('there are those of four libraries, and of four servers of mail', () => {
    const servers = new Set(recordings.map(({ server }) => server.split(/[ ,]/)[0] ?? ''));
    const libraries = ['GnuTLS', 'NSS', 'OpenSSL', 'tlslite-ng'];
    assert.deepEqual(servers, new Set([...libraries, 'Dovecot', 'Exim', 'OpenSMTPD', 'Postfix']));
  });
});

describe('isAnswered: when a probe can hang up', () => {
  /** After how many octets each question is answered. */
  const answers = (server: string, name: string): Record<FlightQuestion, number> => {
    const { question, octets } = recording(server, name);
    const after = (wanted: FlightQuestion): number => {
      const reader = readServerFlight(question.offer);
      for (let at = 0; at < octets.length; at++)
        if (isAnswered(reader.take(octets.subarray(at, at + 1)), wanted)) return at + 1;
      return assert.fail(`${server} never answers ${wanted}`);
    };
    return {
      version: after('version'),
      certificates: after('certificates'),
      'key-exchange': after('key-exchange'),
      everything: after('everything'),
    };
  };

  it('each as soon as its message is whole, one record after the other', () => {
    const found = answers('Postfix', 'TLS 1.1');
    const { octets } = recording('Postfix', 'TLS 1.1');
    const ends = [...Array(4)].reduce<number[]>((all) => {
      const at = all.at(-1) ?? 0;
      return [...all, at + 5 + octets.readUInt16BE(at + 3)];
    }, []);
    assert.deepEqual(Object.values(found), ends);
  });

  it('TLS 1.3 shows no more than its hello', () => {
    const { question, octets } = recording('OpenSSL 3.5.8', 'large');
    const hello = 5 + octets.readUInt16BE(3);
    assert.deepEqual(new Set(Object.values(answers('OpenSSL 3.5.8', 'large'))), new Set([hello]));
    assert.equal(flight(question.offer, octets.subarray(0, hello)).encrypted, 0);
  });

  it('GnuTLS refuses a hello of a version that it lacks, though it has an older one', () => {
    const said = ['weak', 'TLS 1.1', 'TLS 1.0'].map((name) => {
      const { question, octets } = recording('GnuTLS 3.7.9 without TLS 1.1', name);
      const { serverHello, end } = flight(question.offer, octets);
      return serverHello?.version ?? (end?.kind === 'alert' ? end.alert.code : end?.kind);
    });
    assert.deepEqual(said, [0x0303, 70, 0x0301]);
  });

  it('an alert answers everything', () => {
    const { question, octets } = recording('NSS', 'SSL 2.0');
    assert.ok(isAnswered(flight(question.offer, octets), 'everything'));
    assert.ok(!isAnswered(flight(question.offer, octets.subarray(0, 6)), 'version'));
  });

  it('where there is no certificate to come, the key exchange is the answer', () => {
    const found = answers('Postfix', 'only anon');
    assert.ok(found.version < found.certificates && found.certificates < found.everything);
    assert.equal(found.certificates, found['key-exchange']);
  });
});

describe('alerts, RFC 8446 §6, RFC 5246 §7.2', () => {
  const alert = (...octets: number[]): Buffer => record(21, Buffer.from(octets));

  it('a fatal one ends the flight, a warning does not, close_notify does', () => {
    assert.equal(told(flight(retry, alert(1, 112))), 'warning unrecognized_name');
    assert.equal(flight(retry, alert(1, 112)).end, null);
    assert.equal(flight(retry, alert(2, 70)).end?.kind, 'alert');
    assert.equal(flight(retry, alert(1, 0)).end?.kind, 'alert');
    assert.equal(told(flight(retry, Buffer.concat([alert(2, 40), alert(2, 70)]))), 'fatal handshake_failure');
  });

  it('says of which version the record was', () => {
    assert.equal(flight(retry, record(21, Buffer.from([2, 70]), 0x0300)).alerts[0]?.recordVersion, 0x0300);
  });

  it('two in a record, and one in two records, as old versions may', () => {
    assert.equal(
      told(flight(weak, alert(1, 112, 2, 40))),
      'warning unrecognized_name, fatal handshake_failure',
    );
    assert.equal(told(flight(weak, Buffer.concat([alert(2), alert(40)]))), 'fatal handshake_failure');
  });

  it('a level that is none breaks it', () => {
    assert.equal(told(flight(weak, alert(3, 40))), 'broken: an alert of level 3');
  });

  it('takes 16 of them, and not 17', () => {
    const warnings = (count: number): Buffer =>
      Buffer.concat(Array.from({ length: count }, () => alert(1, 112)));
    assert.equal(flight(weak, warnings(16)).end, null);
    assert.equal(flight(weak, warnings(17)).end?.kind, 'too-much');
  });
});

describe('records, RFC 8446 §5.1', () => {
  const body = handshake(1, Buffer.alloc(16_380));
  const faults: readonly [octets: Buffer, because: string][] = [
    [record(22, Buffer.alloc(0)), 'an empty record'],
    [record(21, Buffer.alloc(0)), 'an empty record'],
    [record(22, Buffer.alloc(16_385)), 'a record of 16385 octets'],
    [record(22, Buffer.alloc(4), 0x0203), 'a record of version 2'],
    [record(23, Buffer.alloc(4)), 'a record of data before any handshake'],
    [record(20, Buffer.from([1])), 'a ChangeCipherSpec where there is no session to change'],
    [Buffer.concat([record(21, Buffer.from([1, 112])), record(24, Buffer.from([1]))]), 'a record of type 24'],
    [Buffer.concat([record(21, Buffer.from([1, 112])), Buffer.from('500 what?\r\n')]), 'a record of type 53'],
  ];
  for (const [octets, because] of faults) {
    it(`${octets.subarray(0, 8).toString('hex')}…: ${because}`, () => {
      const { end } = flight(weak, octets);
      assert.equal(end?.kind === 'broken' && end.because, because);
    });
  }

  it('a record of 16384 octets is one', () => {
    assert.equal(flight(weak, record(22, body)).end?.kind, 'broken');
    assert.match(told(flight(weak, record(22, body))), /where ServerHello is due/);
  });

  it('behind the ServerHello of TLS 1.3 there can be one ChangeCipherSpec, and encrypted ones up to 2^14 + 256 octets', () => {
    const { question, octets } = recording('OpenSSL 3.5.8', 'large');
    const hello = octets.subarray(0, 5 + octets.readUInt16BE(3));
    const behind = (more: Buffer): ServerFlight => flight(question.offer, Buffer.concat([hello, more]));
    assert.equal(behind(record(20, Buffer.from([1]))).end, null);
    assert.match(told(behind(record(20, Buffer.from([2])))), /ChangeCipherSpec/);
    assert.equal(behind(record(23, Buffer.alloc(16_640))).encrypted, 16_640);
    assert.match(told(behind(record(23, Buffer.alloc(16_641)))), /a record of 16641 octets/);
  });

  it('a message over many records, and many messages in one, are the same', () => {
    const { question, octets } = recording('GnuTLS', 'TLS 1.0');
    const messages: Buffer[] = [];
    for (let at = 0; at < octets.length; at += 5 + octets.readUInt16BE(at + 3))
      messages.push(octets.subarray(at + 5, at + 5 + octets.readUInt16BE(at + 3)));
    const whole = Buffer.concat(messages);
    const says = told(flight(question.offer, octets));
    assert.equal(told(flight(question.offer, record(22, whole))), says);
    const single = Buffer.concat([...whole].map((octet) => record(22, Buffer.from([octet]))));
    assert.equal(told(flight(question.offer, single)), says);
  });
});

describe('what is no TLS', () => {
  it('is kept as it came, up to 256 octets, in whatever slices', () => {
    const text = Buffer.from(`454 4.7.0 TLS not available\r\n${'x'.repeat(500)}`);
    for (const size of [1, 10, 300, text.length]) {
      const { end } = flight(weak, text, size);
      assert.deepEqual(end, { kind: 'not-tls', octets: new Uint8Array(text.subarray(0, 256)) });
    }
  });

  it('an SSL 2.0 answer to whoever did not ask for it is none', () => {
    assert.equal(flight(weak, Buffer.from([0x80, 3, 0, 0, 1])).end?.kind, 'not-tls');
  });
});

describe('SSL 2.0', () => {
  const offer = offerOf('SSL 2.0');

  it('an ERROR and a SERVER-HELLO answer, and nothing behind them is read', () => {
    const error = Buffer.from([0x80, 3, 0, 0, 1]);
    const found = flight(offer, Buffer.concat([error, Buffer.from('more')]), 1);
    assert.deepEqual(found.sslv2, { kind: 'error', code: 1 });
    assert.ok(isAnswered(found, 'everything'));
    assert.equal(found.end, null);
  });

  it('an answer that breaks off is not there yet', () => {
    assert.equal(flight(offer, Buffer.from([0x80, 3, 0, 0])).sslv2, null);
    assert.equal(flight(offer, Buffer.from([0x80])).unread, 1);
  });

  it('what is no message breaks it', () => {
    assert.match(told(flight(offer, Buffer.from([0x80, 1, 9]))), /^broken: an SSL 2.0 message of type 9/);
  });
});

describe('what was read', () => {
  for (const [server, name] of [
    ['OpenSSL 3.5.8', 'large'],
    ['Postfix', 'TLS 1.1'],
    ['tlslite-ng', 'retry'],
  ] as const) {
    it(`keeps nothing of the slices: ${server}, asked ${name}`, () => {
      const { question, octets } = recording(server, name);
      const slice = Buffer.from(octets);
      const found = readServerFlight(question.offer).take(slice);
      slice.fill(0);
      assert.deepEqual(found, flight(question.offer, octets));
    });
  }
});

describe('limits', () => {
  it('64 KiB are read, and one octet more ends it', () => {
    const { question, octets } = recording('OpenSSL 3.5.8', 'large');
    const hello = octets.subarray(0, 5 + octets.readUInt16BE(3));
    const room = 65_536 - hello.length;
    const full = Array.from({ length: Math.floor(room / 16_389) }, () => record(23, Buffer.alloc(16_384)));
    const rest = room - full.length * 16_389;
    const last = record(23, Buffer.alloc(rest - 5));
    const whole = Buffer.concat([hello, ...full, last]);
    assert.equal(whole.length, 65_536);
    assert.equal(flight(question.offer, whole).end, null);
    for (const size of [whole.length + 1, 1000]) {
      const more = flight(question.offer, Buffer.concat([whole, Buffer.of(23)]), size);
      assert.equal(more.end?.kind, 'too-much');
      assert.equal(more.octets, 65_536);
    }
  });

  it('a message that says it is larger is refused at once', () => {
    const message = handshake(2, Buffer.alloc(0));
    message.writeUIntBE(65_532, 1, 3);
    assert.equal(flight(weak, record(22, message)).end, null);
    message.writeUIntBE(65_533, 1, 3);
    assert.deepEqual(
      told(flight(weak, record(22, message))),
      'too-much: a handshake message of 65537 octets',
    );
  });

  it('single octets are read in linear time', () => {
    const octets = Buffer.concat(Array.from({ length: 2 }, () => record(22, Buffer.alloc(16_384))));
    const began = performance.now();
    flight(weak, octets, 1);
    assert.ok(performance.now() - began < 2000);
  });
});

/**
 * Flights of real servers with octets changed, put in, taken out and mixed.
 *
 * `HELLO_FUZZED` says how many are read (500), `HELLO_SEED` which.
 */
describe('mutated flights', () => {
  const runs = Number(process.env['HELLO_FUZZED'] ?? 500);
  const seed = Number(process.env['HELLO_SEED'] ?? 1);
  const ways = ['set', 'flip', 'cut', 'insert', 'remove', 'splice'] as const;
  const change: fc.Arbitrary<Change> = fc.record({
    at: fc.nat(4000),
    how: fc.constantFrom(...ways),
    octets: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    from: fc.nat(recordings.length - 1),
  });

  function changed(octets: Buffer, { at, how, octets: others, from }: Change): Buffer {
    const place = at % (octets.length + 1);
    const [before, behind] = [octets.subarray(0, place), octets.subarray(place)];
    const set = Buffer.concat([before, others, behind.subarray(others.length)]);
    switch (how) {
      case 'set':
        return set;
      case 'flip':
        return Buffer.from(
          octets.map((octet, index) => (index === place ? octet ^ (1 << ((others[0] ?? 0) & 7)) : octet)),
        );
      case 'cut':
        return before;
      case 'insert':
        return Buffer.concat([before, others, behind]);
      case 'remove':
        return Buffer.concat([before, behind.subarray(others.length)]);
      case 'splice':
        return Buffer.concat([before, recordings[from]?.octets.subarray(place) ?? behind]);
    }
  }

  it(`${runs} of them: no throw, within all limits, the same in any slices`, () => {
    const ends = new Map<string, number>();
    const flights = fc.tuple(
      fc.constantFrom(...recordings),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 900 }),
    );
    fc.assert(
      fc.property(flights, ([{ question, octets }, changes, size]) => {
        const mutated = changes.reduce(changed, octets);
        const whole = flight(question.offer, mutated);
        assert.deepEqual(flight(question.offer, mutated, size), whole);
        assert.ok(
          whole.octets <= 65_536 && whole.alerts.length <= 17 && (whole.certificates?.length ?? 0) <= 20,
        );
        const kind = whole.end?.kind ?? (whole.unread > 0 ? 'unfinished' : 'whole');
        ends.set(kind, (ends.get(kind) ?? 0) + 1);
      }),
      { numRuns: runs, seed },
    );
    for (const kind of ['alert', 'broken', 'not-tls', 'unfinished', 'whole']) assert.ok(ends.has(kind), kind);
  });

  it('octets of chance behind a record header: no throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(20, 21, 22, 23),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        (type, octets) => {
          for (const offer of [weak, retry, offerOf('SSL 2.0')]) {
            const { end } = flight(offer, record(type, Buffer.from(octets)));
            assert.ok(end === null || end.kind !== 'not-tls');
          }
        },
      ),
      { numRuns: 300, seed },
    );
  });
});
