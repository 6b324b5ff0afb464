import Foundation
import Nightdrop
import NightdropMerge
import NightdropModel
import NightdropStore
import Testing

/// Programs and closures that decide what two people changed differently.
@Suite struct HookTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Tools/hooks")

    /// Head office, and two tills that set fields of one product to two values: T1's comes first.
    private func chain(
        _ fields: String, settings: String = "", programs: [String: String] = [:],
        _ start: KeyValuePairs<String, String>, _ changes: [KeyValuePairs<String, String>]
    ) throws -> Chain {
        let chain = try Chain(
            policy: "version: 1\norganisation: Corner Shops\nentities:\n  product: \(fields)\n  sale: {direction: up}\n"
        )
        try FileManager.default.createDirectory(atPath: chain.path("HQ/hooks"), withIntermediateDirectories: true)
        for (name, text) in programs {
            let path = chain.path("HQ/hooks/\(name)")
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        if !settings.isEmpty {
            let path = chain.path("HQ/nightdrop.yaml")
            try (String(contentsOfFile: path, encoding: .utf8) + settings + "\n").write(
                toFile: path, atomically: true, encoding: .utf8)
        }
        for (id, _) in zip(["A", "B", "C", "D", "E"], changes) {
            _ = try chain.central.record(OperationDraft(.create, "product", id: id, set: set(start)))
        }
        for (number, node) in ["T1", "T2"].enumerated() {
            let till = try chain.till(node)
            for (id, change) in zip(["A", "B", "C", "D", "E"], changes) {
                let value = change[change.index(change.startIndex, offsetBy: number)]
                _ = try till.record(
                    OperationDraft(
                        .update, "product", id: id, set: set([value.key: value.value]), by: "cashier-\(number + 1)"))
            }
        }
        try chain.close("T1")
        try chain.close("T2")
        return chain
    }

    /// Merges with a head office that is opened anew, so that it reads its settings, and tells the conflicts.
    private func merge(_ chain: Chain, _ prepare: (Central) -> Void = { _ in }) throws -> [ConflictRow] {
        let central = try Central(at: chain.path("HQ"))
        prepare(central)
        _ = try central.merge([chain.exchange], returnTo: chain.exchange)
        var rows: [ConflictRow] = []
        try central.conflicts(all: true) { rows.append($0) }
        return rows
    }

    private func price(_ chain: Chain, _ id: String = "A") throws -> String? {
        try chain.central.get("product", id)?["price"]?.json
    }

    @Test func theExamplesDecide() throws {
        let texts = try String(contentsOf: Self.examples.appending(path: "longer-text"), encoding: .utf8)
        let prices = try String(contentsOf: Self.examples.appending(path: "middle-price"), encoding: .utf8)
        let chain = try chain(
            "{fields: {price: {type: decimal, merge: hook, hook: middle-price}, note: {merge: hook, hook: longer-text}}}",
            programs: ["longer-text": texts, "middle-price": prices], ["price": "2.50", "note": #""""#],
            [["price": "2.75", "price": "3.00"], ["note": #""soft""#, "note": #""soft and warm""#]])
        let rows = try merge(chain)
        #expect(rows.map(\.reason) == [nil, nil])
        #expect(rows.map(\.rule) == ["hook", "hook"])
        #expect(rows.map(\.decided) == ["2.88", #""soft and warm""#])
        #expect(rows.map(\.central) == ["2.75", #""soft""#])
        #expect(try price(chain) == "2.88")
        try chain.takeAll()
        for till in chain.tills.values {
            #expect(try till.get("product", "A")?["price"]?.json == "2.88")
        }
    }

    /// A program that keeps what it read, so that the test sees it.
    @Test func aProgramReadsBothSides() throws {
        let chain = try chain(
            "{onConflict: hook, hook: keep, fields: {price: {type: decimal}}}",
            programs: ["keep": "#!/bin/sh\ntee \"$0.json\" >/dev/null\necho ' 9.5 '\n"],
            ["price": "1", "name": #""Tea \"x\"\u00e9""#], [["price": "2.50", "price": "3"]])
        let rows = try merge(chain)
        #expect(rows.map(\.decided) == ["9.5"])
        let question = try JSONValue.parse(
            Array(Data(contentsOf: URL(filePath: chain.path("HQ/hooks/keep.json")))))
        #expect(question.members?.map(\.name) == ["entity", "id", "field", "base", "central", "incoming", "record"])
        #expect(question["entity"]?.text == "product" && question["field"]?.text == "price")
        #expect(question["base"]?.compact == "1")
        #expect(question["central"]?["value"]?.compact == "2.50" && question["central"]?["node"]?.text == "T1")
        #expect(question["incoming"]?["value"]?.compact == "3" && question["incoming"]?["node"]?.text == "T2")
        #expect(question["incoming"]?["by"]?.text == "cashier-2")
        #expect(question["incoming"]?["at"]?.text?.hasSuffix("Z") == true)
        #expect(question["record"]?.compact == #"{"price":2.50,"name":"Tea \"x\"é"}"#)
    }

    struct Failing: CustomTestStringConvertible, Sendable {
        let program: String
        let reason: String
        var testDescription: String { reason }
    }

    static let failing: [Failing] = [
        Failing(program: "echo broken >&2; exit 3", reason: "it ended with status 3: broken"),
        Failing(program: "kill -9 $$", reason: "it ended with signal 9"),
        Failing(program: "echo 1 2", reason: "its answer is no JSON value"),
        Failing(program: "true", reason: "its answer is no JSON value"),
        Failing(program: "sleep 30 & sleep 30", reason: "it took longer than 0.3 seconds"),
        Failing(program: "head -c 2000000 /dev/zero", reason: "its answer has more than 1048576 bytes"),
        Failing(program: "echo -5", reason: "a value that is not allowed: it must be at least 0"),
        Failing(program: "echo '\"a\"'", reason: "a value that is not allowed: it must be a number"),
        Failing(program: "echo \(String(repeating: "9", count: 40))", reason: "a number of more than 34 digits"),
    ]

    /// The later value stands, the conflict says why, and everything else is merged.
    @Test(arguments: failing) func aProgramThatFailsHoldsUpNothing(_ test: Failing) throws {
        let chain = try chain(
            "{fields: {price: {type: decimal, min: 0, merge: hook, hook: bad}}}", settings: "hookTimeout: 0.3",
            programs: ["bad": "#!/bin/sh\n\(test.program)\n"], ["price": "1"], [["price": "2", "price": "3"]])
        _ = try chain.tills["T1"]?.record(OperationDraft(.create, "sale", id: "S", set: set(["total": "1"])))
        try chain.close("T1")
        let rows = try merge(chain)
        #expect(rows.map(\.rule) == ["last-write-wins"])
        #expect(rows.map(\.state) == ["decided"])
        let reason = try #require(rows.first?.reason)
        #expect(reason.contains("program bad") && reason.hasSuffix(test.reason), "\(reason)")
        #expect(try price(chain) == "3")
        #expect(try chain.central.get("sale", "S") != nil)
    }

    @Test func aProgramThatIsNotThere() throws {
        let chain = try chain("{onConflict: hook, hook: none}", ["price": "1"], [["price": "2", "price": "3"]])
        #expect(try merge(chain).first?.reason?.hasSuffix("there is no program \(chain.path("HQ/hooks/none"))") == true)
    }

    @Test func aProgramThatKeepsFailingIsNotStartedAgain() throws {
        let chain = try chain(
            "{onConflict: hook, hook: bad}", programs: ["bad": "#!/bin/sh\necho x >>\"$0.runs\"\nexit 1\n"],
            ["price": "1"], Array(repeating: ["price": "2", "price": "3"], count: 5))
        let rows = try merge(chain)
        #expect(rows.count == 5)
        #expect(rows.last?.reason?.hasSuffix("was not started again in this merge") == true)
        #expect(try String(contentsOfFile: chain.path("HQ/hooks/bad.runs"), encoding: .utf8) == "x\nx\nx\n")
    }

    @Test func aClosureDecidesInsteadOfAProgram() throws {
        let chain = try chain(
            "{onConflict: hook, hook: larger}", ["price": "1"],
            [["price": "4", "price": "3"], ["price": "7", "price": "8"], ["price": "0", "price": "9"]])
        let rows = try merge(chain) { central in
            central.onConflict(hook: "larger") { question in
                guard question.id != "C" else { throw NightdropError(.refused, "C is not for me") }
                return Values.isLess(question.central.value, question.incoming.value)
                    ? question.incoming.value : question.central.value
            }
        }
        #expect(rows.map(\.decided) == ["4", "8", "9"])
        #expect(rows.map(\.rule) == ["hook", "hook", "last-write-wins"])
        #expect(rows[2].reason?.hasSuffix("C is not for me") == true)
        #expect(try price(chain, "A") == "4")
        #expect(try price(chain, "B") == "8")
    }

    /// Whether a record lives is asked as well.
    @Test(arguments: [true, false]) func aProgramDecidesWhetherARecordLives(lives: Bool) throws {
        let chain = try Chain(
            policy: "version: 1\norganisation: Corner Shops\nentities: {product: {onConflict: hook, hook: life}}")
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "1"])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["size": "2"])))
        _ = try chain.central.record(OperationDraft(.delete, "product", id: "A"))
        try chain.close("T1")
        let rows = try merge(chain) { central in
            central.onConflict(hook: "life") { question in
                #expect(question.field == nil)
                #expect([question.central.value, question.incoming.value] == [.boolean(false), .boolean(true)])
                return .boolean(lives)
            }
        }
        #expect(rows.map(\.kind) == ["delete-update"])
        #expect(rows.map(\.rule) == ["hook"])
        #expect(rows.map(\.decided) == [lives ? "true" : "false"])
        #expect(try (chain.central.get("product", "A") != nil) == lives)
    }
}

extension Values {
    fileprivate static func isLess(_ left: FieldValue, _ right: FieldValue) -> Bool {
        (left.decimal ?? .zero) < (right.decimal ?? .zero)
    }
}

/// What programs said is part of the history.
@Suite struct HookHistoryTests {
    @Test func theHistoryTellsWhatAProgramSaidWithoutAskingAgain() throws {
        let chain = try Chain(
            policy: """
                version: 1
                organisation: Corner Shops
                entities:
                  product: {onConflict: hook, hook: any, fields: {price: {type: decimal}}}
                """)
        chain.central.onConflict(hook: "any") { question in question.field == nil ? .boolean(false) : .integer(7) }
        for id in ["A", "B"] {
            _ = try chain.central.record(OperationDraft(.create, "product", id: id, set: set(["price": "1"])))
        }
        for (till, price) in [("T1", "2"), ("T2", "3")] {
            _ = try chain.till(till).record(OperationDraft(.update, "product", id: "A", set: set(["price": price])))
        }
        _ = try chain.tills["T1"]?.record(OperationDraft(.delete, "product", id: "B"))
        _ = try chain.tills["T2"]?.record(OperationDraft(.update, "product", id: "B", set: set(["price": "5"])))
        for till in ["T1", "T2"] { try chain.close(till) }
        try chain.merge()
        #expect(try chain.central.get("product", "A")?["price"]?.json == "7")
        #expect(try chain.central.get("product", "B") == nil)

        // A head office that knows no such program.
        let central = try Central(at: chain.path("HQ"))
        let history = try central.history("product", "A")
        #expect(history.undecidable.isEmpty && history.entries.map(\.outcome) == [.merged, .applied, .applied])
        #expect(history.entries.map { $0.fields.first?.after?.json } == ["7", "2", "1"])
        // A person decides otherwise; what the program said stays known.
        let number = try #require(history.entries.first?.fields.first?.conflict)
        _ = try central.resolve(number, .value("9"), by: "Clara")
        let later = try central.history("product", "A")
        #expect(later.undecidable.isEmpty)
        #expect(later.entries.map { $0.fields.first?.after?.json } == ["9", "7", "2", "1"])
        let other = try central.history("product", "B")
        #expect(!other.isLifeUndecidable && other.entries.map(\.livedAfter) == [false, false, true])
    }
}
