import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Call, readCall } from '../../../../src/cli/sendmail/arguments.ts';

const plain: Call = {
  kind: 'send',
  recipientsFromHeader: false,
  dotIsText: false,
  from: undefined,
  fullName: undefined,
  notify: null,
  wishes: { ret: null, envelopeId: null },
  configFile: undefined,
  recipients: [],
};

describe('what programs say', () => {
  /** Command lines as these programs make them. */
  const lines: readonly (readonly [string, readonly string[], Partial<Call>])[] = [
    ['PHP, mail()', ['-t', '-i'], { recipientsFromHeader: true, dotIsText: true }],
    [
      'PHP, mail() with -f as its fifth argument',
      ['-t', '-i', '-fwww@example.test'],
      { recipientsFromHeader: true, dotIsText: true, from: 'www@example.test' },
    ],
    [
      'git send-email',
      ['-i', 'a@example.test', 'b@example.test'],
      { dotIsText: true, recipients: ['a@example.test', 'b@example.test'] },
    ],
    [
      'git send-email with --envelope-sender',
      ['-i', '-f', 'me@example.test', 'a@example.test'],
      { dotIsText: true, from: 'me@example.test', recipients: ['a@example.test'] },
    ],
    [
      'cron of Debian',
      ['-i', '-FCronDaemon', '-B8BITMIME', '-oem', 'root'],
      { dotIsText: true, fullName: 'CronDaemon', recipients: ['root'] },
    ],
    [
      'cronie',
      ['-FCronDaemon', '-i', '-odi', '-oem', '-oi', '-t', '-f', 'root'],
      { fullName: 'CronDaemon', dotIsText: true, recipientsFromHeader: true, from: 'root' },
    ],
    [
      'mutt',
      ['-oem', '-oi', '-f', 'me@example.test', '--', 'you@example.test'],
      { dotIsText: true, from: 'me@example.test', recipients: ['you@example.test'] },
    ],
    [
      'mutt with dsn_notify and dsn_return',
      ['-oem', '-oi', '-N', 'failure,delay', '-R', 'hdrs', '--', 'you@example.test'],
      {
        dotIsText: true,
        notify: ['failure', 'delay'],
        wishes: { ret: 'headers', envelopeId: null },
        recipients: ['you@example.test'],
      },
    ],
    ['bsd-mailx of Debian', ['-i', '-t'], { dotIsText: true, recipientsFromHeader: true }],
    ['bsd-mailx', ['-i', 'you@example.test'], { dotIsText: true, recipients: ['you@example.test'] }],
    [
      's-nail',
      ['-i', '-r', 'me@example.test', '--', 'you@example.test'],
      { dotIsText: true, from: 'me@example.test', recipients: ['you@example.test'] },
    ],
    [
      'Nodemailer',
      ['-i', '-f', 'me@example.test', 'a@example.test'],
      { dotIsText: true, from: 'me@example.test', recipients: ['a@example.test'] },
    ],
    [
      'Ruby, mail',
      ['-i', '-f', 'me@example.test', '--', 'a@example.test'],
      { dotIsText: true, from: 'me@example.test', recipients: ['a@example.test'] },
    ],
    ['Python, smtpd-less scripts', ['-t', '-oi', '-oem'], { recipientsFromHeader: true, dotIsText: true }],
    [
      'msmtp as sendmail',
      ['-oi', '-t', '-C', '/etc/msmtprc'],
      { dotIsText: true, recipientsFromHeader: true, configFile: '/etc/msmtprc' },
    ],
    ['Alpine', ['-bs', '-odb', '-oem'], { kind: 'smtp' }],
    ['mdadm', ['-t'], { recipientsFromHeader: true }],
    [
      'Mailman, bounces',
      ['-f', '<>', '-i', 'a@example.test'],
      { from: '', dotIsText: true, recipients: ['a@example.test'] },
    ],
    ['logwatch', ['-bm', '-it', '-G', '-v'], { dotIsText: true, recipientsFromHeader: true }],
  ];
  for (const [program, words, says] of lines) {
    it(program, () => {
      assert.deepEqual(readCall('sendmail', words), { kind: 'ok', value: { ...plain, ...says } });
    });
  }
});

describe('other options', () => {
  const value = (words: readonly string[], command = 'sendmail'): Call => {
    const read = readCall(command, words);
    assert.equal(read.kind, 'ok', JSON.stringify(read));
    return read.value;
  };

  it('the names by which it is called, and what stands for them', () => {
    assert.equal(value([], 'mailq').kind, 'list');
    assert.equal(value([], 'newaliases').kind, 'aliases');
    assert.equal(value(['-bp']).kind, 'list');
    assert.equal(value(['-bi']).kind, 'aliases');
    assert.equal(value(['-I']).kind, 'aliases');
  });

  it('RFC 3461 §4.1: NOTIFY is NEVER, or any of the three', () => {
    assert.deepEqual(value(['-N', 'never', 'a']).notify, []);
    assert.deepEqual(value(['-N', 'Success,delay,success', 'a']).notify, ['success', 'delay']);
    for (const wrong of ['never,delay', 'sometimes', '', 'delay,'])
      assert.equal(readCall('sendmail', ['-N', wrong, 'a']).kind, 'invalid', wrong);
  });

  it('RFC 3461 §4: what is not allowed in ENVID becomes xtext', () => {
    assert.equal(value(['-V', 'a+b=c d', 'x']).wishes.envelopeId, 'a+2Bb+3Dc+20d');
    assert.equal(value(['-V', 'x'.repeat(100), 'x']).wishes.envelopeId, 'x'.repeat(100));
    assert.equal(readCall('sendmail', ['-V', 'x'.repeat(101), 'x']).kind, 'invalid');
    assert.equal(readCall('sendmail', ['-V', '+'.repeat(34), 'x']).kind, 'invalid');
    assert.equal(readCall('sendmail', ['-V', 'ä', 'x']).kind, 'invalid');
  });

  it('an empty sender is the null sender', () => {
    assert.equal(value(['-f', '', 'a']).from, '');
  });

  it('-O IgnoreDots counts, other settings of that form are ignored', () => {
    assert.equal(value(['-O', 'IgnoreDots=True', 'a']).dotIsText, true);
    assert.equal(value(['-ODeliveryMode=b', 'a']).dotIsText, false);
  });

  it('behind -- stand recipients, whatever they look like', () => {
    assert.deepEqual(value(['--', '-f', '-t']).recipients, ['-f', '-t']);
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['-Z'], /-Z is not known/],
    [['-iZ'], /-Z is not known/],
    [['--help'], /-- is not known|option -- is not known|-- is not/],
    [['-bd'], /waxwing serve/],
    [['-bv', 'a'], /-bv is not known/],
    [['-q'], /-q is not known/],
    [['-f'], /-f needs a value/],
    [['-oQ/tmp', 'a'], /-oQ\/tmp is not known/],
    [['-R', 'all', 'a'], /hdrs or full/],
    [['-B', 'BINARY', 'a'], /-B BINARY is not known/],
    [['-O', 'x', 'a'], /Name=value/],
    [['a@example.test', '-f', 'root'], /-f follows a recipient/],
  ];
  for (const [words, because] of wrong) {
    it(`refuses ${words.join(' ')}`, () => {
      const read = readCall('sendmail', words);
      assert.equal(read.kind, 'invalid');
      assert.match(read.because, because);
    });
  }
});
