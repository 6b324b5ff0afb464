import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Asks terminals for a fresh bundle: their next return bundles say so until something new is heard of them.
    ///
    /// - Parameter nodes: The terminals; nil for all.
    /// - Returns: the terminals that are asked.
    public func request(_ nodes: [NodeID]? = nil) throws -> [NodeID] {
        try NightdropError.attempt {
            try store.write { writer in
                let terminals = try writer.terminals()
                for node in nodes ?? [] where !terminals.contains(where: { $0.node == node }) {
                    throw NightdropError(
                        .notFound, "there is no terminal \(node); `nightdrop terminals` lists them")
                }
                let asked = terminals.filter { nodes?.contains($0.node) ?? true }
                for terminal in asked {
                    try writer.set(requestName(terminal), String(terminal.seen))
                    try writer.add(EventRow(time: Clock.now(), kind: "request", node: terminal.node.text))
                }
                return asked.map(\.node)
            }
        }
    }
}

/// The setting that remembers when the terminal was last heard of as it was asked: what is heard later answers it.
private func requestName(_ terminal: TerminalRow) -> String { "request/\(terminal.node)" }

extension CentralReader {
    /// Whether a terminal was asked for a fresh bundle, and was not heard of since.
    func isRequested(_ terminal: TerminalRow) throws -> Bool {
        try setting(requestName(terminal)) == String(terminal.seen)
    }
}
