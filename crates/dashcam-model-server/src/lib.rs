//! A scripted model server: lets real coding agents run whole sessions offline.
