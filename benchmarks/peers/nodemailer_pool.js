// A peer: a pooled nodemailer with nunjucks.
// nodemailer_pool.js FOLDER PORT CONNECTIONS prints messages a second, start-up not counted.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const nodemailer = require("nodemailer");
const nunjucks = require("nunjucks");

const [folder, port, connections] = process.argv.slice(2);

function template(name, autoescape) {
  const source = fs.readFileSync(path.join(folder, name), "utf8");
  return nunjucks.compile(source, new nunjucks.Environment(null, { autoescape }));
}

async function main() {
  const began = process.hrtime.bigint();
  const html = template("letter.html", true);
  const text = template("letter.txt", false);
  const transport = nodemailer.createTransport({
    pool: true,
    maxConnections: Number(connections),
    maxMessages: Infinity,
    host: "127.0.0.1",
    port: Number(port),
    secure: false,
    ignoreTLS: true,
  });
  const file = fs.createReadStream(path.join(folder, "people.csv"));
  const under_way = new Set();
  let columns = null;
  let sent = 0;
  for await (const line of readline.createInterface({ input: file })) {
    const cells = line.split(","); // our people have no quotes in their names
    if (columns === null) {
      columns = cells;
      continue;
    }
    const person = Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
    const sending = transport
      .sendMail({
        from: { name: "The Workshop", address: "news@workshop.example" },
        to: { name: `${person.first_name} ${person.last_name}`, address: person.email },
        subject: `${person.first_name}, spring is here`,
        text: text.render(person),
        html: html.render(person),
      })
      .then(() => {
        sent += 1;
        under_way.delete(sending);
      });
    under_way.add(sending);
    if (under_way.size >= 4 * connections) await Promise.race(under_way);
  }
  await Promise.all(under_way);
  transport.close();
  console.log(sent / (Number(process.hrtime.bigint() - began) / 1e9));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
