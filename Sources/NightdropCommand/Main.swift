import ArgumentParser

@main
struct NightdropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "nightdrop")
}
