import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type CheckProtocol, checkProtocols } from '../../../src/findings/endpoint.ts';
import { lmtpDialect, smtpDialect } from '../../../src/scanner/dialects/smtp.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';

it('every protocol that a check speaks has its dialect; submission is visited as SMTP is', () => {
  const isProtocol = (name: string): name is CheckProtocol => Object.hasOwn(checkProtocols, name);
  const protocols = Object.keys(checkProtocols).filter(isProtocol);
  assert.equal(protocols.length, 13);
  for (const protocol of protocols) assert.equal(typeof dialectOf(protocol).visit, 'function', protocol);
  assert.equal(dialectOf('submission'), smtpDialect);
  assert.equal(dialectOf('lmtp'), lmtpDialect);
  assert.equal(new Set(protocols.map(dialectOf)).size, 12);
});
