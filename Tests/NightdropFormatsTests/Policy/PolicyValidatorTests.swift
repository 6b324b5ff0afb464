import NightdropFormats
import NightdropModel
import Testing

@Suite("Checking changes against a policy")
struct PolicyValidatorTests {
    private static let yaml = """
        version: 1
        organisation: Corner Shops
        entities:
          thing:
            fields:
              text: {type: text, maxLength: 3}
              integer: {type: integer}
              decimal: {type: decimal, min: 0, max: 9.99}
              boolean: {type: boolean}
              date: {type: date}
              time: {type: time}
              json: {type: json}
              code: {pattern: '[A-Z]{2}|x+'}
              unit: {oneOf: [piece, "a\\nb", 1.5, true]}
              tags: {merge: union}
              count: {merge: counter, type: integer, min: 0}
              price: {type: decimal, writers: central}
          sale: {direction: up, fields: {total: {required: true}, points: {required: true, merge: counter}}}
          receipt: {direction: up, immutable: true, fields: {total: {required: true}}}
          tax: {direction: down}
          rate: {writers: central}
        """

    private let validator: PolicyValidator

    init() throws {
        validator = PolicyValidator(try PolicyFile.parse(PolicyValidatorTests.yaml, file: "policy.yaml"))
    }

    @Test(
        "values that the policy allows",
        arguments: [
            ("text", #""abc""#), ("text", #""äöü""#), ("text", #""\u00e4\n\ud83d\uded2""#), ("text", "null"),
            ("integer", "12"), ("integer", "-3.0"), ("integer", "1e2"), ("decimal", "0"), ("decimal", "9.990"),
            ("boolean", "true"), ("boolean", "false"), ("date", #""2024-02-29""#), ("time", #""17:59""#),
            ("time", #""17:59:03""#), ("json", #"{"a":[1]}"#), ("json", "1"), ("code", #""AB""#), ("code", #""xxx""#),
            ("unit", #""piece""#), ("unit", #""a\u000ab""#), ("unit", "1.50"), ("unit", "true"), ("tags", "[1,2]"),
            ("tags", "[]"), ("unknown", "[1]"),
        ])
    func allowed(field: String, json: String) {
        #expect(violations(set: field, json).isEmpty)
    }

    @Test(
        "values that it does not allow",
        arguments: [
            ("text", #""abcd""#, "must have at most 3 characters"), ("text", "1", "must be a text"),
            ("integer", "1.5", "must be a whole number"), ("integer", #""1""#, "must be a whole number"),
            ("decimal", "-0.01", "must be at least 0"), ("decimal", "10", "must be at most 9.99"),
            ("decimal", "1e200", "must be a number"), ("boolean", "1", "must be true or false"),
            ("date", #""2026-02-29""#, "must be a date like 2026-11-20"),
            ("date", #""2026-11-20T00:00""#, "must be a date like 2026-11-20"),
            ("time", #""24:00""#, "must be a time like 17:59"), ("time", #""7:5""#, "must be a time like 17:59"),
            ("code", #""ABC""#, "must match the pattern [A-Z]{2}|x+"),
            ("code", #""xy""#, "must match the pattern [A-Z]{2}|x+"), ("code", "1", "must be a text"),
            ("unit", #""1.5""#, #"must be one of "piece", "a\nb", 1.5, true"#), ("tags", #""a""#, "must be a list"),
            ("tags", "{}", "must be a list"),
        ])
    func refused(field: String, json: String, problem: String) {
        #expect(
            violations(set: field, json) == [
                Violation(
                    problem.hasPrefix("must be at ") ? .constraint : .validation, field: field, "it \(problem)",
                    text: "The field \(field) of thing \(problem).")
            ])
    }

    @Test("increments are for counters, and checked as increments")
    func increments() {
        #expect(violations(add: "count", "-5").isEmpty)
        #expect(violations(add: "unknown", "1").isEmpty)
        #expect(violations(add: "count", "0.5").map(\.field) == ["count"])
        #expect(violations(add: "count", #""1""#).map(\.field) == ["count"])
        #expect(violations(add: "decimal", "1").map(\.field) == ["decimal"])
    }

    @Test("a create must give what is required, and an update must not take it away")
    func required() {
        let total = Field("total", .integer(1))
        let points = Field("points", .integer(1))
        func fields(_ action: Action, set: [Field], add: [Field] = []) -> [String?] {
            validator.violations(of: action, "sale", set: set, add: add, by: .terminal).map(\.field)
        }
        #expect(fields(.create, set: [total], add: [points]) == [])
        #expect(fields(.create, set: [total, points]) == [])
        #expect(fields(.create, set: [total]) == ["points"])
        #expect(fields(.create, set: []) == ["total", "points"])
        #expect(fields(.create, set: [Field("total", .null)], add: [points]) == ["total"])
        #expect(fields(.update, set: [Field("total", .null)]) == ["total"])
        #expect(fields(.update, set: []) == [])
    }

    @Test("what is immutable is neither updated nor deleted, by nobody", arguments: [AuthorKind.terminal, .central])
    func immutable(author: AuthorKind) {
        for action in [Action.update, .delete] {
            #expect(validator.violations(of: action, "receipt", set: [], by: author).map(\.kind) == [.validation])
        }
    }

    @Test("what only head office may write", arguments: ["tax", "rate"])
    func permission(entity: String) {
        #expect(validator.violations(of: .create, entity, set: [], by: .terminal).map(\.kind) == [.permission])
        #expect(validator.violations(of: .delete, entity, set: [], by: .terminal).map(\.kind) == [.permission])
        #expect(validator.violations(of: .create, entity, set: [], by: .central).isEmpty)
    }

    @Test("a field that only head office may write")
    func fieldPermission() {
        let price = [Field("price", .integer(1))]
        #expect(
            validator.violations(of: .update, "thing", set: price, by: .terminal) == [
                Violation(
                    .permission, field: "price", "it may only be changed by head office",
                    text: "The field price of thing may only be changed by head office.")
            ])
        #expect(validator.violations(of: .update, "thing", set: price, by: .central).isEmpty)
    }

    @Test("entities that the policy does not name are fine")
    func unknownEntity() {
        #expect(validator.violations(of: .update, "other", set: [Field("text", .integer(1))], by: .terminal).isEmpty)
    }

    @Test("one validator serves many tasks at once")
    func concurrent() async {
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<64 {
                group.addTask { [validator] in
                    let good = Field("code", FieldValue(checkedJSON: index % 2 == 0 ? #""AB""# : #""ab""#))
                    return validator.violations(of: .update, "thing", set: [good], by: .terminal).isEmpty
                        == (index % 2 == 0)
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    private func violations(set field: String, _ json: String) -> [Violation] {
        validator.violations(of: .update, "thing", set: [Field(field, FieldValue(checkedJSON: json))], by: .terminal)
    }

    private func violations(add field: String, _ json: String) -> [Violation] {
        validator.violations(
            of: .update, "thing", set: [], add: [Field(field, FieldValue(checkedJSON: json))], by: .terminal)
    }
}
