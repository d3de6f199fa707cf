import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeFetch, judgeResponse, type ResponseHead } from '../../../../src/policies/mta-sts/fetched.ts';
import type { HttpsFault } from '../../../../src/wire/https-answer.ts';
import { answered, failedFetch, policyText } from './policy-host.ts';

const plain: ResponseHead = {
  status: 200,
  contentType: 'text/plain',
  contentEncoding: undefined,
  location: undefined,
};
const body = Buffer.from(policyText());

describe('S4, S17: an answer of a policy host', () => {
  it('200 with text/plain and a policy is taken', () => {
    const fetched = judgeResponse(plain, body);
    assert.equal(fetched.kind === 'fetched' && fetched.policy.mode, 'enforce');
  });

  for (const status of [100, 201, 203, 204, 205, 206, 304, 400, 404, 410, 500, 503]) {
    it(`"only valid if the HTTP response code is 200 (OK)": ${status}`, () => {
      const fetched = judgeResponse({ ...plain, status }, body);
      assert.ok(fetched.kind === 'failed' && fetched.type === 'sts-policy-fetch-error');
      assert.match(fetched.because, new RegExp(`answers ${status}`));
    });
  }

  for (const status of [300, 301, 302, 303, 307, 308]) {
    it(`"HTTP 3xx redirects MUST NOT be followed": ${status}`, () => {
      const location = 'https://elsewhere.test/';
      const fetched = judgeResponse({ ...plain, status, location }, body);
      assert.deepEqual(fetched, {
        kind: 'failed',
        type: 'sts-policy-fetch-error',
        because: `the policy host answers ${status}: it redirects to "${location}", which is never followed`,
      });
    });
  }

  const texts = [
    'text/plain',
    'Text/Plain',
    'text/plain;charset=utf-8',
    'text/plain ; charset="us-ascii"; x=y',
    'text/plain;',
  ];
  for (const contentType of texts) {
    it(`"the media type is "text/plain"", whatever its parameters: ${contentType}`, () => {
      assert.equal(judgeResponse({ ...plain, contentType }, body).kind, 'fetched');
    });
  }

  for (const contentType of [
    undefined,
    '',
    'text/html',
    'text/plainer',
    'text/plain, text/html',
    'application/octet-stream',
    ' text/plain',
  ]) {
    it(`another media type is refused: ${contentType ?? 'none'}`, () => {
      const fetched = judgeResponse({ ...plain, contentType }, body);
      assert.ok(fetched.kind === 'failed' && fetched.type === 'sts-policy-fetch-error');
      assert.match(fetched.because, /instead of text\/plain$/);
    });
  }

  it('identity is the only encoding', () => {
    assert.equal(judgeResponse({ ...plain, contentEncoding: 'Identity' }, body).kind, 'fetched');
    for (const contentEncoding of ['gzip', 'br', 'identity, gzip', '']) {
      const fetched = judgeResponse({ ...plain, contentEncoding }, body);
      assert.ok(fetched.kind === 'failed' && fetched.type === 'sts-policy-fetch-error', contentEncoding);
    }
  });

  it('what is no policy is reported as sts-policy-invalid', () => {
    assert.deepEqual(judgeResponse(plain, Buffer.from('<html>')), {
      kind: 'failed',
      type: 'sts-policy-invalid',
      because: 'line 1 of the policy is not "name: value": "<html>"',
    });
  });
});

describe('S4: what became of a fetch', () => {
  it('an answer is judged as above', () => {
    assert.equal(judgeFetch(answered(policyText())).kind, 'fetched');
    assert.equal(judgeFetch(answered('hello')).kind, 'failed');
    assert.equal(judgeFetch(answered(policyText(), { status: 404 })).kind, 'failed');
  });

  const types: Record<HttpsFault, string> = {
    dns: 'sts-policy-fetch-error',
    address: 'sts-policy-fetch-error',
    tcp: 'sts-policy-fetch-error',
    tls: 'sts-policy-fetch-error',
    'tls-webpki': 'sts-webpki-invalid',
    http: 'sts-policy-fetch-error',
    'too-big': 'sts-policy-fetch-error',
    timeout: 'sts-policy-fetch-error',
  };
  for (const [fault, type] of Object.entries(types)) {
    it(`RFC 8460 §4.3.2.2: ${fault} is reported as ${type}`, () => {
      const because = 'mta-sts.example.test: it did not work';
      assert.deepEqual(judgeFetch(failedFetch(fault as HttpsFault, because)), {
        kind: 'failed',
        type,
        because,
      });
    });
  }
});
