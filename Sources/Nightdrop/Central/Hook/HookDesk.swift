import Foundation
import NightdropFormats
import NightdropMerge
import NightdropModel
import Synchronization

/// Answers the questions of one merge: with a closure that is registered under the name, else with the program.
final class HookDesk {
    private let registry: HookRegistry
    private let folder: String
    private let seconds: Double
    /// How often each hook has failed, one time after the other.
    private var failures: [String: Int] = [:]

    /// A program that fails so often is not started again in the same merge, so that nobody waits for long.
    private static let patience = 3

    init(_ central: Central) {
        registry = central.hooks
        folder = central.directory.hooks
        seconds = central.settings.hookTimeout
    }

    /// What a hook says; never throws, because a merge goes on whatever a program does.
    func answer(_ question: HookQuestion) -> HookAnswer {
        let hook = question.hook
        guard failures[hook, default: 0] < HookDesk.patience else {
            return .failed("it failed \(HookDesk.patience) times, and was not started again in this merge")
        }
        let answer = ask(question)
        if case .failed = answer { failures[hook, default: 0] += 1 } else { failures[hook] = 0 }
        return answer
    }

    private func ask(_ question: HookQuestion) -> HookAnswer {
        do {
            if let decide = registry.closures.withLock({ $0[question.hook] }) {
                return try HookDesk.checked(Array(decide(question).json.utf8))
            }
            let program = HookProgram(path: try path(question.hook), seconds: seconds)
            return try HookDesk.checked(program.run(question.json.bytes))
        } catch { return .failed("\(error)") }
    }

    /// An absolute path, or a program in the node's folder for them.
    private func path(_ hook: String) throws(HookFailure) -> String {
        if hook.hasPrefix("/") { return hook }
        guard !hook.split(separator: "/").contains("..") else { throw HookFailure("\(hook) leads out of \(folder)") }
        return folder + "/" + hook
    }

    /// One JSON value, written the one way.
    private static func checked(_ output: [UInt8]) throws(HookFailure) -> HookAnswer {
        guard let text = String(validating: output, as: UTF8.self)?.trimmingCharacters(in: .whitespacesAndNewlines),
            !text.isEmpty, let value = try? JSONValue.parse(text)
        else { throw HookFailure("its answer is no JSON value") }
        if case .number(let number) = value, ExactDecimal(number) == nil {
            throw HookFailure("its answer is a number of more than \(Limits.decimalDigits) digits")
        }
        return .value(FieldValue(checkedJSON: value.compact))
    }
}

extension HookQuestion {
    /// What a program reads; `Formats/hook-protocol.md` describes it.
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("entity", .string(entity))]
        if let store { members.append(.init("store", .string(store))) }
        members.append(.init("id", .string(id)))
        if let field { members.append(.init("field", .string(field))) }
        if let base { members.append(.init("base", HookQuestion.value(base))) }
        members.append(.init("central", central.json))
        members.append(.init("incoming", incoming.json))
        members.append(.init("record", .object(record.map { .init($0.name, HookQuestion.value($0.value)) })))
        return .object(members)
    }

    fileprivate static func value(_ value: FieldValue) -> JSONValue { (try? JSONValue.parse(value.json)) ?? .null }
}

extension HookQuestion.Side {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("value", HookQuestion.value(value))]
        if let node { members.append(.init("node", .string(node))) }
        if let by { members.append(.init("by", .string(by))) }
        members.append(.init("at", .string(Timestamp.text(milliseconds: time))))
        return .object(members)
    }
}
