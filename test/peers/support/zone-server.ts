/** A DNS server on port 53, where programs that only know /etc/resolv.conf ask, of zones that a test tells. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { answerTo, type Received, record, soa, startScriptedServer } from '../../support/dns/server.ts';
import { answerFrom, type ScriptedZone } from '../../support/scripted-zone.ts';

const SERVFAIL = 2;
const NXDOMAIN = 3;

/** Answers from the zone; what is unknown there gets SERVFAIL. @returns the address. */
export async function startZoneServer(t: Pick<TestContext, 'after'>, zone: ScriptedZone): Promise<string> {
  const answer = answerFrom(zone);
  const reply = (query: Received): Uint8Array => {
    const found = answer(query.question);
    if (found.kind === 'unknown') return answerTo(query, { rcode: SERVFAIL });
    const { name, type } = query.question;
    if (found.kind === 'absent')
      return answerTo(query, {
        rcode: found.what === 'no-such-name' ? NXDOMAIN : 0,
        authority: [soa('test')],
      });
    const answers = found.records.map((data) => record(name, type, data));
    const whole = answerTo(query, { answers });
    const room = query.via === 'tcp' ? 65_535 : (query.edns?.udpSize ?? 512);
    return whole.length > room ? answerTo(query, { truncated: true }) : whole;
  };
  const server = await startScriptedServer(t, (query) => [{ kind: 'send', bytes: reply(query) }]);
  return inFront(t, server.port);
}

/** Every test process has an address of its own, as port 53 there is the only one. */
async function inFront(t: Pick<TestContext, 'after'>, port: number): Promise<string> {
  const address = `127.53.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`;
  const udp = createSocket('udp4');
  udp.bind(53, address);
  await once(udp, 'listening');
  udp.on('message', (bytes, client) => {
    const towards = createSocket('udp4');
    towards.on('message', (reply) => {
      udp.send(reply, client.port, client.address, () => undefined);
      towards.close();
    });
    towards.send(bytes, port, '127.0.0.1');
  });
  const tcp = createServer((socket) => {
    const towards = connect(port, '127.0.0.1');
    for (const one of [socket, towards]) one.on('error', () => undefined);
    socket.pipe(towards).pipe(socket);
  });
  tcp.listen(53, address);
  await once(tcp, 'listening');
  t.after(() => {
    udp.close();
    tcp.close();
  });
  return address;
}
