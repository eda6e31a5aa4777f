import nodemailer from 'nodemailer';
const t = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
const info = await t.sendMail({ from: 'a@b.de', to: 'c@d.de', subject: 'ü', text: 'hi', date: new Date(0), messageId: '<x@y>' });
console.log(info.message.toString());
