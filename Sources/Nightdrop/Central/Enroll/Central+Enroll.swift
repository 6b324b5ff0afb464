import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Reads a terminal's request and verifies its signature, so that a person can compare the key's fingerprint.
    public func inspect(request path: String) throws -> EnrollmentRequest {
        guard let bytes = try fileSystem.contents(path) else {
            throw NightdropError(.notFound, "there is no request \(path)")
        }
        do throws(EnrollmentError) {
            return try EnrollmentRequest(verifying: bytes)
        } catch { throw NightdropError(.refused, "\(path): \(error.reason)") }
    }

    /// Enrolls a terminal and writes its grant: a snapshot of everything it receives, with head office's key.
    ///
    /// Enrolling the same request again writes the grant again.
    /// - Parameter exchange: The directory, in which the grant goes to `to/<terminal>/`; nil for the outbox.
    public func enroll(_ path: String, to exchange: String? = nil) throws -> (terminal: NodeID, grant: String) {
        let request = try inspect(request: path)
        let known = try store.read { try $0.terminals() }
        let signers = try AllowedSigners(file: fileSystem.contents(directory.allowedSigners) ?? [])
        let keys = signers.entries.filter { $0.principals.contains(request.node.text) }.map(\.key)
        if let clash = known.first(where: {
            $0.node != request.node && $0.node.text.lowercased() == request.node.text.lowercased()
        }) {
            throw NightdropError(
                .refused, "there is a terminal \(clash.node) already; ids must differ in more than case")
        }
        if request.node.text.lowercased() == settings.id.text.lowercased() {
            throw NightdropError(.refused, "\(request.node) is head office itself")
        }
        if !keys.isEmpty && !keys.contains(request.key) {
            throw NightdropError(
                .notPermitted,
                "\(request.node) is enrolled with another key, \(keys[0].fingerprint); give the new till an id of its own"
            )
        }
        guard try !revokedKeys().contains(request.key.fingerprint) else {
            throw NightdropError(
                .notPermitted,
                "the key \(request.key.fingerprint) of \(request.node) was revoked; make the till anew, under an id of its own"
            )
        }
        var terminal = TerminalRow(
            node: request.node, store: request.store, journal: request.journal, enrolled: Clock.now())
        terminal.subscription = request.receive
        let earlier = known.first { $0.node == request.node }
        if let earlier { terminal = earlier }
        if keys.isEmpty { try allow(request) }
        // One that is known may be in the middle of a merge, which knows more of it.
        if earlier == nil { try store.write { [terminal] in try $0.put(terminal) } }
        let answer = ReturnWriter(central: self, terminal: terminal, isGrant: true)
        return (request.node, try write(answer, to: exchange ?? directory.outbox).first?.file ?? "")
    }

    private func allow(_ request: EnrollmentRequest) throws {
        let entry = try AllowedSigners.Entry(
            principals: [request.node.text], namespaces: [SSHSignature.Namespace.bundle], key: request.key,
            comment: request.node.text)
        let file = try fileSystem.contents(directory.allowedSigners) ?? []
        try fileSystem.publish(directory.allowedSigners, bytes: AllowedSigners.appending(entry, to: file))
    }
}
