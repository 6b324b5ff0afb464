import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    private static let keysEntry = "keys/allowed_signers"
    private static let policyEntry = "policy.yaml"

    /// Trusts the head office that a first grant is from. Its signature, and the pinned fingerprint, are verified by now.
    func adopt(grant bundle: VerifiedBundle) throws {
        // The file is written anew, and must not lose a section that somebody only mistyped.
        _ = try settings.checkedWatch()
        try fileSystem.publish(directory.allowedSigners, bytes: try bundle.read(Terminal.keysEntry))
        var settings = settings
        settings.organisation = bundle.manifest.organisation
        settings.central = bundle.manifest.from.node
        settings.centralFingerprint = bundle.key.fingerprint
        try fileSystem.publish(directory.settings, bytes: Array(settings.yaml.utf8))
        changeRules { $0.settings = settings }
    }

    /// Applies a return bundle, all of its parts, and moves them to the archive.
    func apply(
        _ parts: [VerifiedBundle], _ answer: ReturnFacts, _ receipt: Receipt, _ terms: TakingTerms
    ) throws {
        guard let manifest = parts.first?.manifest else { return }
        try prepare(for: answer, receipt)
        let newRules = try rules(from: parts)
        let sales = GivingWay(to: journal.reader, unless: terms.isEnding)
        let application = try ReturnApplication(
            store, self.terms(parts, answer, receipt, newRules), pause: { sales.pause(after: $0) })
        try Background.run {
            for part in parts {
                for entry in part.manifest.entries where entry.path.hasPrefix("changes/") {
                    try EntryLines.read(part, entry.path) { try application.apply($0) }
                }
            }
            try application.finish()
        }
        try adopt(newRules, answer, created: manifest.created, keys: parts)
        for part in parts {
            let archived = directory.archive + "/" + part.manifest.fileName
            try fileSystem.rename(part.path, to: archived)
        }
        try fileSystem.synchronizeDirectory(directory.archive)
        try settleEchoes(answer)
        broadcaster.send(.applied(records: application.changed))
    }

    /// What the parts of a return bundle do to the store, but for its changes.
    func terms(
        _ parts: [VerifiedBundle], _ answer: ReturnFacts, _ receipt: Receipt, _ newRules: TerminalRules?
    ) throws -> ReturnTerms {
        guard let manifest = parts.first?.manifest else {
            throw NightdropError(.inputOutput, "a return bundle has no parts")
        }
        return ReturnTerms(
            reach: answer.reach, receipt: receipt, isSnapshot: answer.start == nil,
            whole: Set(answer.whole), coverage: answer.coverage, policy: (newRules ?? rules).policy,
            policyText: newRules?.policyText,
            notices: try notices(in: parts), created: manifest.created, now: Clock.now(), bundle: manifest.fileName)
    }

    /// What the applied bundle changes besides the store.
    private func adopt(_ newRules: TerminalRules?, _ answer: ReturnFacts, created: Int64, keys parts: [VerifiedBundle])
        throws
    {
        journal.observe(HybridTime(milliseconds: created))
        if let newRules, let text = newRules.policyText {
            try fileSystem.publish(directory.policy, bytes: Array(text.utf8))
            changeRules { rules in
                let settings = rules.settings
                rules = newRules
                rules.settings = settings
            }
        }
        for part in parts where part.manifest.entries.contains(where: { $0.path == Terminal.keysEntry }) {
            try fileSystem.publish(directory.allowedSigners, bytes: try part.read(Terminal.keysEntry))
        }
        try journal.setConditions(rules.conditions(answer.reach, answer.coverage))
    }

    /// The rules with the policy that the bundle brings; nil if it brings none, or the one that holds.
    func rules(from parts: [VerifiedBundle]) throws -> TerminalRules? {
        let known = rules
        let held = try store.read { try $0.state().policy }
        for part in parts where part.manifest.entries.contains(where: { $0.path == Terminal.policyEntry }) {
            let text = String(decoding: try part.read(Terminal.policyEntry), as: UTF8.self)
            guard text != held || text != known.policyText else { return nil }
            do throws(PolicyError) {
                let policy = try PolicyFile.parse(text, file: Terminal.policyEntry)
                return TerminalRules(settings: known.settings, policy: policy, policyText: text)
            } catch {
                throw BundleError(.malformed, file: part.path, entry: Terminal.policyEntry, error.description)
            }
        }
        return nil
    }

    private func notices(in parts: [VerifiedBundle]) throws -> [NoticeLine] {
        var notices: [NoticeLine] = []
        for part in parts {
            for entry in part.manifest.entries where entry.path.hasPrefix("notices/") {
                try EntryLines.read(part, entry.path) { lines in
                    for line in lines.split(separator: UInt8(ascii: "\n")) {
                        let json = try JSONValue.parse(UnsafeRawBufferPointer(rebasing: line))
                        guard let notice = NoticeLine(json) else {
                            throw BundleError(.malformed, file: part.path, entry: entry.path, "a line is no notice")
                        }
                        notices.append(notice)
                    }
                }
            }
        }
        return notices
    }
}
