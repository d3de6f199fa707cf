import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHttpRequest } from '../../../src/protocols/http-request.ts';

describe('a request of HTTP', () => {
  it('is known by its first line', () => {
    for (const line of [
      'GET / HTTP/1.1',
      'POST /x?y HTTP/1.0',
      'OPTIONS * HTTP/1.1',
      'CONNECT a.test:443 HTTP/1.1',
      'PRI * HTTP/2.0',
      'GET http://a.test/',
    ])
      assert.ok(isHttpRequest(line), line);
  });

  it('is not a command of ours: HEAD and POST are of NNTP (RFC 3977 §6.2.2, §6.3.1)', () => {
    for (const line of [
      'HEAD',
      'HEAD <a@b>',
      'HEAD 12',
      'POST',
      'get / HTTP/1.1',
      'GETSCRIPT "/"',
      'DELETESCRIPT "x"',
      ' GET /',
    ])
      assert.ok(!isHttpRequest(line), line);
  });
});
