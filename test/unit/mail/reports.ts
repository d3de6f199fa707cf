/** Reports as real servers wrote them, with the fields that the last server had put in front. */

/** Postfix 3.7.11 (Debian): it took a message by XVERP=+= with ENVID, and the next host refused the recipient. */
export const reportOfPostfix = withCrlf(`Return-Path: <>
X-Original-To: owner-list+gone=example.test@lists.test
Delivered-To: owner-list+gone=example.test@lists.test
Received: by postfix.test (Postfix)
	id 7012E9EE606; Sun, 29 Nov 2026 01:36:16 +0000 (UTC)
Date: Sun, 29 Nov 2026 01:36:16 +0000 (UTC)
From: Mail Delivery System <MAILER-DAEMON@postfix.test>
Subject: Undelivered Mail Returned to Sender
To: owner-list+gone=example.test@lists.test
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="380519EE603.1795916176/postfix.test"
Content-Transfer-Encoding: 8bit
Message-Id: <20261129013616.7012E9EE606@postfix.test>

This is a MIME-encapsulated message.

--380519EE603.1795916176/postfix.test
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host postfix.test.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.

                   The mail system

<gone@example.test>: host 127.0.0.1[127.0.0.1] said: 550 relay not permitted
    (in reply to RCPT TO command)

--380519EE603.1795916176/postfix.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; postfix.test
Original-Envelope-Id: QQ314159
X-Postfix-Queue-ID: 380519EE603
X-Postfix-Sender: rfc822; owner-list@lists.test
Arrival-Date: Sun, 29 Nov 2026 01:36:16 +0000 (UTC)

Final-Recipient: rfc822; gone@example.test
Original-Recipient: rfc822;gone@example.test
Action: failed
Status: 5.0.0
Remote-MTA: dns; 127.0.0.1
Diagnostic-Code: smtp; 550 relay not permitted

--380519EE603.1795916176/postfix.test
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <owner-list@lists.test>
Received: from c.test (unknown [127.0.0.1])
	by postfix.test (Postfix) with ESMTP id 380519EE603
	for <gone@example.test>; Sun, 29 Nov 2026 01:36:16 +0000 (UTC)
Subject: news
Message-Id: <20261129013616.380519EE603@postfix.test>
Date: Sun, 29 Nov 2026 01:36:16 +0000 (UTC)
From: owner-list@lists.test

news

--380519EE603.1795916176/postfix.test--
`);

/** Exim 4.96 (Debian): it took a message, and a Postfix 3.7.11 refused the recipient. */
export const reportOfExim = withCrlf(`Return-Path: <>
X-Original-To: owner-list@lists.test
Delivered-To: owner-list@lists.test
Received: from exim.test (unknown [127.0.0.1])
	by postfix.test (Postfix) with ESMTP id 96A799EE4E3
	for <owner-list@lists.test>; Sun, 29 Nov 2026 01:36:16 +0000 (UTC)
Received: from Debian-exim by exim.test with local (Exim 4.96)
	id 1xXTpw-00000X-1v
	for owner-list@lists.test;
	Sun, 29 Nov 2026 01:36:16 +0000
X-Failed-Recipients: unknown@example.test
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@exim.test>
To: owner-list@lists.test
Content-Type: multipart/report; report-type=delivery-status; boundary=1795916176-eximdsn-1811803436
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1xXTpw-00000X-1v@exim.test>
Date: Sun, 29 Nov 2026 01:36:16 +0000

--1795916176-eximdsn-1811803436
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  unknown@example.test
    host 127.0.0.1 [127.0.0.1]
    SMTP error from remote mail server after RCPT TO:<unknown@example.test>:
    550 5.1.1 <unknown@example.test>: Recipient address rejected:
    User unknown in virtual mailbox table

--1795916176-eximdsn-1811803436
Content-type: message/delivery-status

Reporting-MTA: dns; exim.test

Action: failed
Final-Recipient: rfc822;unknown@example.test
Status: 5.0.0
Remote-MTA: dns; 127.0.0.1
Diagnostic-Code: smtp; 550 5.1.1 <unknown@example.test>: Recipient address rejected: User unknown in virtual mailbox table

--1795916176-eximdsn-1811803436
Content-type: message/rfc822

Return-path: <owner-list@lists.test>
Received: from [127.0.0.1] (helo=c.test)
	by exim.test with esmtp (Exim 4.96)
	(envelope-from <owner-list@lists.test>)
	id 1xXTpw-00000R-1l
	for unknown@example.test;
	Sun, 29 Nov 2026 01:36:16 +0000
Subject: news

news

--1795916176-eximdsn-1811803436--
`);

function withCrlf(text: string): Buffer {
  return Buffer.from(text.replaceAll('\n', '\r\n'));
}
