/** `[limits]`: what others may use of this host. */
import { z } from 'zod';
import { count } from './kit.ts';

const MANY = 1_000_000;
const PER_ADDRESS = 'one address (IPv6: one /64) outside the networks of the listener';

export const limits = z
  .strictObject({
    sessions: count(1, MANY)
      .default(2000)
      .describe('Incoming connections at once; the last quarter is kept for the networks of listeners.'),
    sessions_per_address: count(1, MANY)
      .default(50)
      .describe(`Incoming connections at once from ${PER_ADDRESS}.`),
    connections_per_minute: count(1, MANY)
      .default(120)
      .describe(`New connections a minute from ${PER_ADDRESS}.`),
    messages_per_minute: count(1, MANY).default(600).describe(`Messages a minute from ${PER_ADDRESS}.`),
    recipients_per_minute: count(1, MANY).default(6000).describe(`Recipients a minute from ${PER_ADDRESS}.`),
    login_failures: count(1, MANY)
      .default(10)
      .describe(
        `Failed logins in ten minutes from ${PER_ADDRESS}; behind that it is refused for ten minutes, and twice as long each further time.`,
      ),
    unknown_recipients: count(1, MANY)
      .default(100)
      .describe(
        `Recipients that do not exist, in ten minutes from ${PER_ADDRESS}; behind that it gets no answer about more.`,
      ),
    sessions_per_network: count(1, MANY)
      .default(500)
      .describe('Incoming connections at once from one network outside those of the listener.'),
    connections_per_minute_per_network: count(1, MANY)
      .default(1200)
      .describe('New connections a minute from one network outside those of the listener.'),
    network_prefix_ipv4: count(8, 32).default(24).describe('Bits that IPv4 addresses of one network share.'),
    network_prefix_ipv6: count(16, 128)
      .default(48)
      .describe('Bits that IPv6 addresses of one network share.'),
    messages_per_session: count(1, MANY).default(1000).describe('Messages in one connection.'),
    errors_per_session: count(1, MANY)
      .default(10)
      .describe('Errors of a client in one connection; after the last the connection ends.'),
  })
  .prefault({})
  .describe('What clients may use of this host.');
