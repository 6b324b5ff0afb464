import ArgumentParser
import Nightdrop
import NightdropFormats

struct Notices: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what head office has told this till; oldest first.",
        discussion: Manual.page(
            "Notices come with return bundles: what was decided about this till's changes, and why.",
            examples: ["nightdrop notices", "nightdrop notices -C T07 --json"], statuses: [.inputOutput]))

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let notices = try Node.notices(node, instead: "see nightdrop conflicts")
        for notice in notices {
            if console.isJSON {
                try console.out.json(notice.json)
            } else {
                try console.out.line("\(Words.time(notice.at))  \(notice.text.visible)")
            }
        }
        if notices.isEmpty { try console.say("head office has told nothing") }
        try console.out.flush()
    }
}
