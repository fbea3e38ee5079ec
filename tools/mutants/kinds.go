// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// change replaces the text of a node, or takes the node away where there is no text.
type change struct {
	at   ast.Node
	text string
	kind string
}

// places finds the changes that one file offers.
type places struct {
	info *types.Info
	text func(ast.Node) string
	// same has the constants of each named type, of which one may stand for another.
	same  map[types.Type][]string
	found []change
}

func (p *places) add(at ast.Node, text, kind string) {
	p.found = append(p.found, change{at, text, kind})
}

// visit takes in one node.
func (p *places) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		p.condition(n.Cond)
		if n.Else == nil && n.Init == nil {
			p.add(n, "", "branch dropped")
		}
	case *ast.SwitchStmt:
		p.cases(n)
	case *ast.BinaryExpr:
		p.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			p.add(n, p.text(n.X), "negation dropped")
		}
	case *ast.ExprStmt:
		p.add(n, "", "call dropped")
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			p.add(n, "", "assignment dropped")
		}
	case *ast.CallExpr:
		p.call(n)
	case *ast.GenDecl:
		return n.Tok == token.CONST || n.Tok == token.VAR
	}
	if e, is := n.(ast.Expr); is {
		return p.constant(e)
	}
	return true
}

func (p *places) condition(cond ast.Expr) { p.add(cond, "!("+p.text(cond)+")", "condition negated") }

// cases takes each case away in turn.
func (p *places) cases(n *ast.SwitchStmt) {
	for _, stmt := range n.Body.List {
		clause, is := stmt.(*ast.CaseClause)
		if !is || clause.List == nil {
			continue
		}
		p.add(clause, "", "case dropped")
		if n.Tag == nil {
			for _, cond := range clause.List {
				p.condition(cond)
			}
		}
	}
}

var (
	bounds = map[token.Token]token.Token{
		token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
	}
	sums = map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL}
)

func (p *places) binary(n *ast.BinaryExpr) {
	x, y := p.text(n.X), p.text(n.Y)
	switch {
	case n.Op == token.LAND || n.Op == token.LOR:
		other := map[token.Token]string{token.LAND: " || ", token.LOR: " && "}[n.Op]
		p.add(n, "("+x+other+y+")", "and for or")
		p.add(n, x, "last term dropped")
		p.add(n, y, "first terms dropped")
	case bounds[n.Op] != 0:
		p.add(n, x+" "+bounds[n.Op].String()+" "+y, n.Op.String()+" becomes "+bounds[n.Op].String())
	case sums[n.Op] != 0 && p.info.Types[n].Value == nil:
		if basic, is := p.info.TypeOf(n).Underlying().(*types.Basic); is && basic.Info()&types.IsNumeric != 0 {
			p.add(n, x+" "+sums[n.Op].String()+" "+y, n.Op.String()+" becomes "+sums[n.Op].String())
		}
	}
}

// call takes the greater for the smaller.
func (p *places) call(n *ast.CallExpr) {
	if name, is := n.Fun.(*ast.Ident); is {
		if other := map[string]string{"min": "max", "max": "min"}[name.Name]; other != "" {
			p.add(name, other, name.Name+" becomes "+other)
		}
	}
}

// constant replaces what is known when it is compiled, and reports whether to look at its parts.
func (p *places) constant(e ast.Expr) bool {
	value := p.info.Types[e]
	if value.Value == nil {
		return true
	}
	text := p.text(e)
	named, _ := value.Type.(*types.Named)
	switch {
	case value.Value.Kind() == constant.Bool:
		if text == "true" || text == "false" {
			p.add(e, map[string]string{"true": "false", "false": "true"}[text], text+" for the other")
		}
		return true // a comparison of constants
	case named != nil && named.Obj().Name() == "Duration" && named.Obj().Pkg().Path() == "time":
		if constant.Sign(value.Value) != 0 {
			p.add(e, "time.Duration(0)", "no time")
			p.add(e, "(10*("+text+"))", "ten times as long")
		}
	case named != nil && len(p.same[named]) > 1:
		all := p.same[named]
		if i := slices.Index(all, text); i >= 0 {
			p.add(e, all[(i+1)%len(all)], "another "+named.Obj().Name())
		}
	}
	return false
}
