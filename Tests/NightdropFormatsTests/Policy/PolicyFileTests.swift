import Foundation
import NightdropFormats
import NightdropModel
import Testing

@Suite("Policies as YAML")
struct PolicyFileTests {
    @Test("every key arrives in the policy")
    func everyKey() throws {
        let yaml = """
            version: 12
            organisation: "Bücher & Söhne"
            entities:
              visit: {direction: up, scope: store, priority: 9, onConflict: hook, onDuplicate: merge,
                      controlTotal: amount, hook: bin/decide, fields: {
                        amount: {type: decimal, merge: hook, required: true, min: -0.10, max: 1e3, hook: bin/amount},
                        note: {type: text, maxLength: 20, pattern: '[\\w].*', sensitive: true, oneOf: [yes, "2", 'a "b"']},
                        kind: {oneOf: [1.50, true, 2026-11-20]}}}
              price: {direction: both, writers: central, immutable: true, fields: {value: {writers: central}}}
            """
        let policy = try PolicyFile.parse(yaml, file: "policy.yaml")

        var visit = EntityPolicy(name: "visit")
        visit.direction = .up
        visit.scope = .store
        visit.priority = 9
        visit.onConflict = .hook
        visit.onDuplicate = .merge
        visit.controlTotal = "amount"
        visit.hook = "bin/decide"
        var amount = FieldPolicy(name: "amount")
        amount.type = .decimal
        amount.merge = .hook
        amount.required = true
        amount.min = ExactDecimal("-0.10")
        amount.max = ExactDecimal("1000")
        amount.hook = "bin/amount"
        var note = FieldPolicy(name: "note")
        note.type = .text
        note.maxLength = 20
        note.pattern = #"[\w].*"#
        note.sensitive = true
        note.oneOf = [#""yes""#, #""2""#, #""a \"b\"""#]
        var kind = FieldPolicy(name: "kind")
        kind.oneOf = ["1.50", "true", #""2026-11-20""#]
        visit.fields = [amount, note, kind]
        var price = EntityPolicy(name: "price")
        price.writers = .central
        price.immutable = true
        var value = FieldPolicy(name: "value")
        value.writers = .central
        price.fields = [value]
        #expect(policy.version == 12)
        #expect(policy.organisation == "Bücher & Söhne")
        #expect(policy.entities.count == 2)
        #expect(policy.entity("visit") == visit)
        #expect(policy.entity("price") == price)
    }

    @Test("numbers are taken as they are written, not as binary floats")
    func exactNumbers() throws {
        let yaml = "version: 1\norganisation: A\nentities: {t: {fields: {f: {min: 0.10, max: 9007199254740993.1}}}}"
        let field = try PolicyFile.parse(yaml, file: "p").entity("t").field("f")
        #expect(field?.min?.text == "0.10")
        #expect(field?.max?.text == "9007199254740993.1")
    }

    @Test(
        "what is no JSON number is a text",
        arguments: ["01", "1.", ".5", "+1", "-", "1e", "0x1", "1 2", "2026-11-20"])
    func texts(_ text: String) throws {
        func yaml(_ value: String) -> String {
            "version: 1\norganisation: A\nentities: {t: {fields: {f: {oneOf: [\(value)]}}}}"
        }
        let field = try PolicyFile.parse(yaml(text), file: "p").entity("t").field("f")
        #expect(field?.oneOf == ["\"\(text)\""])
        let number = try PolicyFile.parse(yaml("-0.5e+3"), file: "p").entity("t").field("f")
        #expect(number?.oneOf == ["-0.5e+3"])
    }

    @Test("all findings are reported at once, in the order of the lines")
    func allFindings() throws {
        let yaml = """
            version: 1
            entities:
              sale:
                direction: upp
                fields:
                  total: {type: decimal, min: 5, max: 1}
                  total: {}
                  note: {type: text, merge: counter}
              Sale: {}
              sale: {color: red, color: blue}
              sale: {}
            """
        let error = #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "policy.yaml") }
        #expect(
            error?.findings.map { "\($0.line) \($0.path)" } == [
                "1 organisation", "4 entities.sale.direction", "6 entities.sale.fields.total.min",
                "7 entities.sale.fields.total", "8 entities.sale.fields.note.merge", "9 entities.Sale",
                "10 entities.sale", "11 entities.sale",
            ])
    }

    @Test(
        "a slip is answered with the word that was probably meant",
        arguments: [
            ("merge: last-write-win", "did you mean `last-write-wins`?"),
            ("merge: LastWriteWins", "did you mean `last-write-wins`?"),
            ("merge: cuonter", "did you mean `counter`?"),
            ("merge: last-write", "did you mean `last-write-wins`?"),
            ("type: int", "did you mean `integer`?"),
            ("type: Decimal", "did you mean `decimal`?"),
            ("writer: central", "did you mean `writers`?"),
            ("maxlength: 3", "did you mean `maxLength`?"),
            ("required: yes", "did you mean `true`?"),
            ("writers: nobody", "possible are `all`, `central`"),
        ])
    func suggestions(key: String, suggestion: String) throws {
        let yaml = "version: 1\norganisation: A\nentities: {product: {fields: {price: {\(key)}}}}"
        let error = #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "p") }
        #expect(error?.findings.map(\.suggestion) == [suggestion])
    }

    /// Every file that is wrong is answered with what to do about it.
    @Test("every finding comes with a suggestion", arguments: PolicyVectorTests.names + Garbage.texts.map { "\n" + $0 })
    func everySuggestion(name: String) throws {
        let yaml =
            name.hasPrefix("\n")
            ? String(name.dropFirst())
            : try String(contentsOf: PolicyVectorTests.folder.appending(path: name + ".yaml"), encoding: .utf8)
        do { _ = try PolicyFile.parse(yaml, file: "p") } catch {
            #expect(error.findings.allSatisfy { $0.suggestion?.isEmpty == false }, "\(error)")
        }
    }

    @Test("a finding is one line that says where, what and what to do")
    func wording() throws {
        let yaml = "version: 1\norganisation: A\nentities:\n  product: {fields: {price: {merge: last-write-win}}}"
        let error = #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "policy.yaml") }
        #expect(
            error?.description == """
                policy.yaml:4: entities.product.fields.price.merge: `last-write-win` has no meaning here; \
                did you mean `last-write-wins`?
                """)
    }

    @Test("a message holds no control characters")
    func visibleWording() {
        let yaml = "version: 1\norganisation: A\n\"\\e[2J\\n\": 1"
        let error = #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "p") }
        let text = error?.description ?? ""
        #expect(text.contains(#"p:3: \u{1B}[2J\n: unknown key"#), "\(text)")
    }

    @Test("anything but YAML is an error, never a crash", arguments: Garbage.texts)
    func garbage(yaml: String) {
        #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "p") }
    }

    @Test("many equal keys are all reported")
    func manyDuplicates() {
        let yaml = "version: 1\r\norganisation: A\r\n" + String(repeating: "'version': 1\r\n", count: 5)
        let error = #expect(throws: PolicyError.self) { try PolicyFile.parse(yaml, file: "p") }
        #expect(error?.findings.map(\.line) == [3, 4, 5, 6, 7])
        let endless = "version: 1\n" + String(repeating: "a: 1\n", count: 200)
        #expect(throws: PolicyError.self) { try PolicyFile.parse(endless, file: "p") }
    }

    @Test("what is written parses back to an equal policy", arguments: 0..<300)
    func roundTrip(seed: Int) throws {
        var maker = PolicyMaker(seed: UInt64(seed))
        let policy = maker.policy()
        let yaml = PolicyFile.text(for: policy)
        #expect(try PolicyFile.parse(yaml, file: "seed \(seed)") == policy, "\(yaml)")
        #expect(PolicyFile.text(for: policy) == yaml)
    }
}

enum Garbage {
    static let texts: [String] = [
        "", "\n", "\u{0}", "\u{FEFF}", "%YAML 9.9\n---\n", "&a", "*a", "? ? ?", "{", "}", "[", "- - -", "!!binary x",
        "\u{FFFE}", "version: 1\u{0}", "? [a]\n: b", "{a: 1, a: 2}", "{[a]: 1, [a]: 2}", "&x a: 1\n&y a: 2\n",
        "\"\\ud800\"", "!!map", "null", "a: &a [*a]", "---\n---\n", "...", "...\n...", "\u{E000}: 1\n\u{E000}: 2",
        String(repeating: "[", count: 20_000), String(repeating: "{a: ", count: 20_000),
        String(repeating: "- ", count: 20_000), String(repeating: "? ", count: 20_000),
    ]
}
