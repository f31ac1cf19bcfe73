// Reads messages (base64, a JSON array) from stdin and says what nodemailer's mailparser makes of each.
const { simpleParser } = require("mailparser");
const as = { skipImageLinks: true, skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true };
const boxes = (field) => (field ? field.value.map((one) => [one.name, one.address]) : []);

async function main() {
  const found = [];
  for (const data of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    const mail = await simpleParser(Buffer.from(data, "base64"), as);
    found.push({
      subject: mail.subject,
      boxes: [mail.from, mail.to, mail.replyTo].map(boxes),
      text: mail.text || "",
      html: mail.html || "",
      files: mail.attachments.filter((one) => one.contentDisposition).map((one) => [
        one.filename, one.contentType, one.contentId || "", one.content.toString("base64"),
      ]),
      calendars: mail.attachments.filter((one) => !one.contentDisposition).map((one) => [
        one.headers.get("content-type").params.method, one.content.toString("base64"),
      ]),
    });
  }
  process.stdout.write(JSON.stringify(found));
}
main();
