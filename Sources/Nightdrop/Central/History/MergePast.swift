import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Tells what decided, besides the operations, when central merged them: its clock, its policy of then, and what programs
/// said.
final class MergePast {
    /// The circumstances of one change.
    struct Moment {
        /// Central's clock, in milliseconds since 1970.
        let at: Int64
        /// The policy, and the checks that it asks for.
        let validator: PolicyValidator
        fileprivate let answers: [String: HookAnswer]

        /// What a program said.
        func answer(_ question: HookQuestion) -> HookAnswer {
            answers[question.field ?? ""] ?? .failed("what the program said was not kept")
        }
    }

    private let reader: any CentralReader
    private let present: PolicyValidator
    private var validators: [Int64: PolicyValidator] = [:]

    init(_ central: Central, _ reader: any CentralReader) {
        self.reader = reader
        present = central.validator
        validators[Int64(present.policy.version)] = present
    }

    /// The circumstances of a change.
    func moment(of csn: Int64) throws -> Moment {
        let found = try reader.circumstances(of: csn)
        return Moment(at: found.at, validator: try validator(found.policy), answers: found.answers)
    }

    /// The present policy stands for one that was not kept.
    private func validator(_ version: Int64?) throws -> PolicyValidator {
        guard let version else { return present }
        if let known = validators[version] { return known }
        let text = try reader.setting(Central.policySetting(Int(version)))
        let validator = try text.map { PolicyValidator(try PolicyFile.parse($0, file: "policy \(version)")) } ?? present
        validators[version] = validator
        return validator
    }
}
