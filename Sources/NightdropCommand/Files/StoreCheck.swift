import ArgumentParser
import Nightdrop
import NightdropFormats

/// `verify --store`.
enum StoreCheck {
    static func run(_ node: NodeOptions, _ console: Console) throws {
        let central = try Node.centralToRead(node, instead: "nightdrop verify without --store checks a till")
        let bar = ProgressBar(console)
        let verification: StoreVerification
        do {
            defer { bar.finish() }
            verification = try central.verifyStore { bar.show($0.fraction, $0.what) }
        }
        if console.isJSON {
            try console.out.json(verification.json)
        } else {
            for problem in verification.problems {
                try console.out.line("\(console.style.bad("WRONG")) \(problem.sentence.visible)")
            }
            let more = verification.problemCount - Int64(verification.problems.count)
            if more > 0 { try console.out.line("and \(more) more") }
            if verification.problemCount == 0 { try console.say(console.style.good("all adds up")) }
            try console.say(
                """
                \(Words.count(verification.changes, "operation")) in \(Words.count(verification.segments, "segment")) of tills, \
                \(Words.count(verification.days, "close")) of day, \(Words.count(verification.counters, "counter"))
                """)
            if verification.unproven > 0 {
                try console.say(
                    "not checked: \(Words.count(verification.unproven, "counter")) of records older than the field's being one"
                )
            }
        }
        try console.out.flush()
        if verification.problemCount > 0 { throw ExitCode(NightdropError.Kind.refused.rawValue) }
    }
}

extension StoreVerification {
    fileprivate var json: JSONValue {
        [
            "changes": .integer(changes), "segments": .integer(segments), "days": .integer(days),
            "counters": .integer(counters), "unproven": .integer(unproven), "problemCount": .integer(problemCount),
            "problems": .array(problems.map(\.json)),
        ]
    }
}

extension StoreVerification.Problem {
    fileprivate var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "entity": .optional(entity), "store": .optional(store), "id": .optional(id),
            "field": .optional(field), "expected": .optional(expected), "found": .optional(found),
            "text": .string(text),
        ]
    }

    fileprivate var sentence: String {
        guard kind != .counter, let expected, let found else { return text }
        return "\(text): \(found) instead of \(expected)"
    }
}
