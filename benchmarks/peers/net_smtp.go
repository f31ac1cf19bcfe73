// A peer: Go's own net/smtp, html/template and mime, one goroutine and one connection each.
// net_smtp FOLDER PORT CONNECTIONS prints messages a second, start-up not counted.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"fmt"
	htmltemplate "html/template"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"
)

type person map[string]string

type template interface {
	Execute(to io.Writer, with any) error
}

type letter struct {
	html, text template
}

var functions = map[string]any{"split": strings.Split, "int": strconv.Atoi}

func main() {
	folder, port := os.Args[1], os.Args[2]
	connections, err := strconv.Atoi(os.Args[3])
	check(err)
	began := time.Now()
	ours := read(folder)
	waiting := make(chan person, 4*connections)
	var open sync.WaitGroup
	for i := 0; i < connections; i++ {
		open.Add(1)
		go func() {
			defer open.Done()
			check(send("127.0.0.1:"+port, ours, waiting))
		}()
	}
	sent := people(filepath.Join(folder, "people.csv"), waiting)
	open.Wait()
	fmt.Println(float64(sent) / time.Since(began).Seconds())
}

// read compiles the two templates of the letter.
func read(folder string) letter {
	html, text := filepath.Join(folder, "letter.html"), filepath.Join(folder, "letter.txt")
	return letter{
		htmltemplate.Must(htmltemplate.New("letter.html").Funcs(functions).ParseFiles(html)),
		texttemplate.Must(texttemplate.New("letter.txt").Funcs(functions).ParseFiles(text)),
	}
}

// people passes on each row of the CSV and returns how many there are.
func people(path string, to chan<- person) int {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	defer close(to)
	rows := csv.NewReader(file)
	columns, err := rows.Read()
	check(err)
	for count := 0; ; count++ {
		cells, err := rows.Read()
		if err == io.EOF {
			return count
		}
		check(err)
		one := make(person, len(columns))
		for i, name := range columns {
			one[name] = cells[i]
		}
		to <- one
	}
}

// send hands over each letter on one connection.
func send(server string, ours letter, waiting <-chan person) error {
	client, err := smtp.Dial(server)
	if err != nil {
		return err
	}
	for one := range waiting {
		var message bytes.Buffer
		if err := ours.compose(&message, one); err != nil {
			return err
		}
		if err := handOver(client, one["email"], message.Bytes()); err != nil {
			return err
		}
	}
	return client.Quit()
}

func handOver(client *smtp.Client, to string, message []byte) error {
	if err := client.Mail("news@workshop.example"); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := body.Write(message); err != nil {
		return err
	}
	return body.Close()
}

// compose writes the whole message: headers, text, HTML.
func (ours letter) compose(into *bytes.Buffer, one person) error {
	parts := multipart.NewWriter(into)
	to := mail.Address{Name: one["first_name"] + " " + one["last_name"], Address: one["email"]}
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	for _, header := range [][2]string{
		{"From", "The Workshop <news@workshop.example>"},
		{"To", to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", one["first_name"]+", spring is here")},
		{"Date", time.Now().Format(time.RFC1123Z)},
		{"Message-ID", fmt.Sprintf("<%x@workshop.example>", random)},
		{"MIME-Version", "1.0"},
		{"Content-Type", "multipart/alternative; boundary=" + parts.Boundary()},
	} {
		fmt.Fprintf(into, "%s: %s\r\n", header[0], header[1])
	}
	into.WriteString("\r\n")
	if err := add(parts, "text/plain", ours.text, one); err != nil {
		return err
	}
	if err := add(parts, "text/html", ours.html, one); err != nil {
		return err
	}
	return parts.Close()
}

// add renders a template for a person and encodes it as a part of its own.
func add(parts *multipart.Writer, kind string, from template, one person) error {
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {kind + "; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	var rendered bytes.Buffer
	if err := from.Execute(&rendered, one); err != nil {
		return err
	}
	encoder := quotedprintable.NewWriter(part)
	if _, err := encoder.Write(rendered.Bytes()); err != nil {
		return err
	}
	return encoder.Close()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
