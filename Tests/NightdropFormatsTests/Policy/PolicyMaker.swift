import NightdropFormats
import NightdropModel

/// Random valid policies, the same for the same seed.
struct PolicyMaker {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    mutating func policy() -> Policy {
        let entities = (0..<Int.random(in: 0...6, using: &random)).map { index in entity("e\(index)_" + letters()) }
        return Policy(
            version: Int.random(in: 1...Int.max, using: &random), organisation: text(), entities: entities)
    }

    private mutating func entity(_ name: String) -> EntityPolicy {
        var entity = EntityPolicy(name: name)
        entity.direction = pick(Direction.allCases)
        entity.scope = pick(Scope.allCases)
        entity.priority = Int.random(in: 1...10, using: &random)
        entity.onConflict = pick([.lastWriteWins, .centralWins, .terminalWins, .manual, .hook])
        if entity.onConflict == .hook { entity.hook = text() }
        if flip() && entity.direction != .down { entity.onDuplicate = pick(DuplicateRule.allCases) }
        entity.immutable = flip()
        if flip() { entity.controlTotal = "not among the fields" }
        if entity.direction == .both { entity.writers = pick(Writers.allCases) }
        entity.fields = (0..<Int.random(in: 0...6, using: &random)).map { index in
            field("\(index)" + text(), entity)
        }
        return entity
    }

    private mutating func field(_ name: String, _ entity: EntityPolicy) -> FieldPolicy {
        var field = FieldPolicy(name: name)
        field.required = flip()
        field.sensitive = flip()
        if entity.direction == .both { field.writers = pick(Writers.allCases) }
        switch pick([0, 1, 2, 3]) {
        case 0: addNumbers(to: &field, isMerged: !entity.immutable)
        case 1: addTexts(to: &field)
        case 2:
            field.type = flip() ? .json : nil
            field.merge = entity.immutable ? nil : pick([.union, .manual, .terminalWins])
        default:
            field.type = pick([.boolean, .date, .time, nil])
            guard !entity.immutable else { break }
            field.merge = .hook
            field.hook = text()
        }
        return field
    }

    private mutating func addNumbers(to field: inout FieldPolicy, isMerged: Bool) {
        field.type = pick([.decimal, .integer, nil])
        field.merge = !isMerged ? nil : pick([.counter, .max, .min, .lastWriteWins, nil])
        let bounds = [number(), number()].sorted()
        if flip() { field.min = bounds[0] }
        if flip() { field.max = bounds[1] }
    }

    private mutating func addTexts(to field: inout FieldPolicy) {
        field.type = flip() ? .text : nil
        field.maxLength = flip() ? Int.random(in: 500...1000, using: &random) : nil
        field.pattern = pick([nil, #"(?s)(\d|.)*"#, "(?s).*[\"']?", "[\\s\\S]*#?"])
        if flip() { field.oneOf = (0..<3).map { JSONString.quoted("\($0)" + text()) } }
    }

    private mutating func number() -> ExactDecimal {
        let coefficient = UInt128.random(in: 0..<(1 << pick([4, 40, 112])), using: &random)
        let exponent = Int.random(in: -40...40, using: &random)
        return ExactDecimal(negative: flip(), coefficient: coefficient, exponent: exponent) ?? .zero
    }

    private mutating func letters() -> String {
        String((0..<Int.random(in: 0...20, using: &random)).map { _ in pick(Array("abcXYZ_019")) })
    }

    /// Words and signs that YAML readers are known to stumble over.
    private mutating func text() -> String {
        let pieces = [
            "yes", "null", "~", "1", "0x1F", "1e3", ".5", "2026-11-20", "17:59", ": ", " #", "- ", "'", "\"", "\\",
            "{", "]", ",", "&a", "*", "!", "|", ">", "%", "@", "`", "é", "e\u{301}", "漢字", "🛒", "\u{A0}",
            "\u{2028}", "a\u{FEFF}", "\u{FFFE}", "a", "Corner Shops", " ", "true", "<<",
        ]
        return (0..<Int.random(in: 1...5, using: &random)).map { _ in pick(pieces) }.joined()
    }

    private mutating func flip() -> Bool { Bool.random(using: &random) }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: choices.indices, using: &random)]
    }
}

/// A small generator of good quality: SplitMix64.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
